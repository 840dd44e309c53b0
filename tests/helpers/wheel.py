"""imclust as a stranger has it: built as a wheel, and installed where there is no checkout."""

import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

from tests.helpers.command import ROOT

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def built_wheel(folder: Path) -> Path:
    """The wheel of this checkout. Nothing is downloaded: hatchling is in the environment that runs the tests."""
    subprocess.run(
        [*PIP, "wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT], check=True
    )
    return next(folder.glob("*.whl"))


def installed(wheel: Path, folder: Path) -> Path:
    """The folder of the programs of a new environment that has the wheel.

    What imclust depends on is found in the environment that runs the tests. A path in a .pth brings what lies in that
    folder, and no editable install there: Python does not read the .pth files of such a folder.
    """
    venv.create(folder, with_pip=False)
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([*PIP, "--python", programs / "python", "install", "--no-index", "--no-deps", wheel], check=True)
    ask = [str(programs / "python"), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
    theirs = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (Path(own) / "needed.pth").write_text("\n".join(theirs))
    return programs


def hostile_start(folder: Path) -> dict[str, Any]:
    """Where and how a dashboard is started that finds modules and settings of others in its way."""
    for place in (folder / "start", folder / "home"):
        (place / "pages").mkdir(parents=True)
        (place / ".streamlit").mkdir()
        (place / ".streamlit" / "config.toml").write_text(
            "browser.gatherUsageStats = true\n[server]\naddress = '0.0.0.0'\nallowedHosts = ['*']\nenableCORS = false\n"
            "enableXsrfProtection = false\nenableStaticServing = true\n"
        )
        for file in ("app.py", "pages/__init__.py", "pages/frame.py", "streamlit.py"):
            (place / file).write_text("raise RuntimeError('not ours')")
    environment = {"HOME": str(folder / "home"), "PYTHONPATH": "", "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "true"}
    return {"folder": folder / "start", **environment}
