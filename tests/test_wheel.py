"""The wheel: what it holds, and that its server is its own, whatever lies in the folder where it is started."""

import subprocess
import zipfile
from pathlib import Path

from imclust_core.config import VERSION
from imclust_core.store.workspace import Workspace
from tests.helpers.command import ROOT
from tests.helpers.server import Command
from tests.helpers.wheel import hostile_start


def test_the_wheel_holds_the_package_with_the_dashboard_in_it_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    about = {name for name in names if name.startswith(f"imclust-{VERSION}.dist-info/")}
    assert f"imclust-{VERSION}.dist-info/licenses/LICENSE" in about
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "imclust_core", "app.py", "pages"]
    ours = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    ours = [name for name in ours if (ROOT / name).is_file()] + [".streamlit/config.toml"]
    assert {Path(name).suffix for name in ours} >= {".py", ".js", ".css", ".html", ".svg", ".npz", ".toml"}
    places = {name if name.startswith("imclust_core/") else f"imclust_core/dashboard/{name}" for name in ours}
    assert names - about == places


def test_an_environment_with_the_wheel_has_no_module_but_imclust_core(programs: Path, tmp_path: Path) -> None:
    code = (
        "import importlib.util, imclust_core\n"
        "print(imclust_core.__file__, importlib.util.find_spec('app'), importlib.util.find_spec('pages'))"
    )
    asked = [programs / "python", "-c", code]
    done = subprocess.run(asked, cwd=tmp_path, env={}, capture_output=True, text=True, check=True)
    file, *others = done.stdout.split()
    assert Path(file).is_relative_to(programs.parent) and others == ["None", "None"]


def test_files_of_the_current_folder_and_of_the_home_change_nothing_of_the_server(
    programs: Path, workspace: Workspace, tmp_path: Path
) -> None:
    with Command(programs / "imclust", workspace=workspace, **hostile_start(tmp_path)) as server:
        answer = server.get("/_stcore/health", {"Origin": "http://evil.example"})
        assert (answer.status, answer.headers.get("access-control-allow-origin")) == (200, None)
        assert server.get("/", {"Host": "evil.example"}).status == 400
        said = (workspace.logs / "server.log").read_text()
    assert "usage statistics" not in said and "not ours" not in said
