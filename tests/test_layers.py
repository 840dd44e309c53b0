"""The house rules that a machine can hold: which way imports go, what pages may not do, where SQL lives."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = sorted((ROOT / "imclust_core").rglob("*.py"))
PAGES = sorted((ROOT / "pages").rglob("*.py"))
EVERYTHING = [*CORE, *PAGES, ROOT / "app.py"]

# Each room may import the rooms of lower floors, and of its own.
FLOORS = {
    "errors": 0,
    "names": 0,
    "process": 0,
    "config": 1,
    **dict.fromkeys(("images", "backbones", "clustering", "deepcluster", "baselines"), 2),
    "words": 3,  # a tree of labels is a clustering of them
    "mapping": 3,  # starts from the same reductions and neighbours as clusterings do
    "explain": 3,  # what a network looked at, laid back over the picture it was given
    "store": 4,
    **dict.fromkeys(("embedding", "naming"), 5),
    "report": 6,  # what people said, written out and read back
    "jobs": 7,
    "commands": 8,
    "notebook": 8,
    "cli": 9,
    "__init__": 10,
    "__main__": 10,
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports_of(path: Path) -> set[str]:
    """Every module a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(str(node.module))
    return found


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_imports_only_what_is_below_and_never_a_page(path: Path) -> None:
    room = path.relative_to(ROOT / "imclust_core").parts[0].removesuffix(".py")
    for module in imports_of(path):
        assert module.partition(".")[0] not in ("pages", "app", "streamlit", "plotly"), module
        if module.startswith("imclust_core."):
            other = module.split(".")[1]
            assert FLOORS[other] < FLOORS[room] or other == room, f"{room} must not import {other}"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_parts_import_no_page_and_pages_import_no_other_page(path: Path) -> None:
    for module in imports_of(path):
        assert module != "app"
        if module.startswith("pages"):
            assert module.startswith("pages.parts."), module


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_whole_core_does_not_bring_in_streamlit() -> None:
    modules = [str(path.relative_to(ROOT).with_suffix("")).replace("/", ".") for path in CORE]
    modules = [module for module in modules if not module.endswith("__main__")]
    run(
        "import importlib, sys\n"
        f"for module in {modules!r}: importlib.import_module(module)\n"
        "assert 'streamlit' not in sys.modules"
    )


WATCH = """
class Watch:
    def find_spec(self, name, path=None, target=None):
        assert name.partition('.')[0] not in ('torch', 'torchvision', 'timm', 'gensim', 'umap', 'numba'), name
sys.meta_path.insert(0, Watch())
"""


def test_importing_every_page_asks_for_no_heavy_library() -> None:
    """They may not even be asked for: whether they are installed here must not decide this test."""
    parts = [str(path.relative_to(ROOT).with_suffix("")).replace("/", ".") for path in PAGES if "parts" in path.parts]
    imported = sorted({module for path in PAGES for module in imports_of(path)} | set(parts))
    run(f"import importlib, sys\n{WATCH}for module in {imported!r}: importlib.import_module(module)\n")


def test_the_watch_for_heavy_libraries_would_notice_one() -> None:
    with pytest.raises(AssertionError):
        run(f"import sys\n{WATCH}import torch")


def test_no_clustering_sees_the_truth() -> None:
    rooms = [path for path in CORE if "clustering" in path.parts and path.name != "truth.py"]
    jobs = [ROOT / "imclust_core" / "jobs" / name for name in ("cluster.py", "several.py", "apart.py")]
    for path in [*rooms, *jobs]:
        assert not [module for module in imports_of(path) if module.endswith(("truth", "comparisons"))], path


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_sql_lives_in_the_store_and_the_queue_only(path: Path) -> None:
    allowed = (
        path.is_relative_to(ROOT / "imclust_core" / "store") or path == ROOT / "imclust_core" / "jobs" / "queue.py"
    )
    if not allowed:
        assert "sqlite3" not in imports_of(path)
        assert not re.search(r"\b(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b", path.read_text())


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_no_place_shows_text_from_outside_as_html_or_trusts_a_pickle(path: Path) -> None:
    text = path.read_text().replace("allow_pickle=False", "")
    if path.name == "kept.py":  # reads what gensim pickled, and lets in nothing but arrays and text
        assert "pickle.load" not in text and "find_class" in text
        text = text.replace("pickle", "")
    for banned in (
        "unsafe_allow_html",
        "st.html(",
        "components.v1",
        "pickle",
        "weights_only=False",
        "allow_pickle=True",
    ):
        assert banned not in text
    assert not re.search(r"st\.image\(|base64", text), "images reach the browser by the image route only"


def test_the_grid_sets_text_and_never_markup() -> None:
    for path in (ROOT / "pages" / "parts").glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path.read_text()), path


def scripts_of(path: Path) -> list[list[str]]:
    """The files that each widget of a module puts together."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    joined = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == "script"]
    names = vars(importlib.import_module(f"pages.parts.{path.stem}"))
    return [list(eval(f"({ast.unparse(ast.Tuple(node.args, ast.Load()))})", names)) for node in joined]  # noqa: S307


@pytest.mark.parametrize("path", [path for path in PAGES if "js=script(" in path.read_text()], ids=name_of)
def test_no_name_stands_twice_in_scripts_that_are_put_together(path: Path) -> None:
    """They share one scope: a second `const` of a name is an error that takes the whole widget away."""
    for files in scripts_of(path):
        whole = "\n".join((path.parent / name).read_text() for name in files)
        names = re.findall(r"^(?:const|let|class|(?:async )?function\*?) (\w+)", whole, re.MULTILINE)
        assert sorted(names) == sorted(set(names)), files


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_page_files_and_their_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= (120 if path.parent.name == "pages" else 250)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = (node.end_lineno or 0) - body[0].lineno + 1
            assert length <= 30, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_core_files_stay_small_enough_to_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 310


def test_the_repository_holds_no_secret_and_no_tool_of_its_makers() -> None:
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=True).stdout.split()
    assert ".streamlit/secrets.toml" not in listed
    assert not [name for name in listed if name.endswith((".pem", ".key", ".db", ".sqlite"))]
