"""The house rules that a machine can hold: which way imports go, what pages may not do, where SQL lives."""

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.helpers.imports import ROOT, WATCH, run

CORE = sorted((ROOT / "imclust_core").rglob("*.py"))
PARTS = ROOT / "pages" / "parts"
PAGES = sorted((ROOT / "pages").rglob("*.py"))
SCRIPTS = sorted(PARTS.rglob("*.js"))
STYLES = sorted(PARTS.rglob("*.css"))
EVERYTHING = [*CORE, *PAGES, ROOT / "app.py"]

# Each package may import the packages of lower floors, and its own.
FLOORS = {
    **dict.fromkeys(("errors", "names", "process", "recent"), 0),
    **dict.fromkeys(("config", "arrays"), 1),
    **dict.fromkeys(("images", "backbones", "words"), 2),
    **dict.fromkeys(("clustering", "label_tree", "mapping", "explain"), 3),
    "choosing_k": 4,
    "store": 5,
    **dict.fromkeys(("embedding", "annotation"), 6),
    "exchange": 7,
    "jobs": 8,
    **dict.fromkeys(("commands", "notebook"), 9),
    "cli": 10,
    **dict.fromkeys(("__init__", "__main__"), 11),
}
# The same for the folders of pages/parts; map/widget belongs to map.
PAGE_FLOORS = {
    "kit": 1,
    **dict.fromkeys(("session", "jobs"), 2),
    **dict.fromkeys(("frame", "images"), 3),
    **dict.fromkeys(("grid", "cards"), 4),
    **dict.fromkeys(("folder", "embed", "saliency", "compare", "tree", "network"), 5),
    **dict.fromkeys(("annotate", "cluster"), 6),
    **dict.fromkeys(("browse", "map"), 7),
}
MOST_FILES = 25
"""In a folder of product code."""


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


def tracked(*folders: str) -> list[str]:
    """The files of the repository, by their names."""
    listed = subprocess.run(["git", "ls-files", *folders], capture_output=True, text=True, cwd=ROOT, check=True)
    return listed.stdout.split()


def modules(paths: Iterable[Path]) -> list[str]:
    """What these files are called when they are imported."""
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    return [name for name in names if not name.endswith("__main__")]


def test_there_is_something_to_check_and_no_folder_is_a_drawer() -> None:
    assert len(CORE) > 150 and len(PAGES) > 100 and len(SCRIPTS) > 25 and len(STYLES) > 5
    counts = Counter(str(Path(name).parent) for name in tracked("imclust_core", "pages"))
    assert len(counts) > 20
    assert not {folder: count for folder, count in counts.items() if count > MOST_FILES}


def test_the_core_imports_only_what_is_below_and_never_a_page() -> None:
    for path in CORE:
        here = path.relative_to(ROOT / "imclust_core").parts[0].removesuffix(".py")
        for module in imports_of(path):
            assert module.partition(".")[0] not in ("pages", "app", "streamlit", "plotly"), f"{path} imports {module}"
            if module.startswith("imclust_core."):
                other = module.split(".")[1]
                assert FLOORS[other] < FLOORS[here] or other == here, f"{path} must not import {module}"


def test_parts_and_pages_import_no_page_and_parts_only_parts_that_are_below() -> None:
    seen = 0
    for path in PAGES:
        here = path.relative_to(ROOT / "pages").parts
        for module in imports_of(path):
            assert module != "app", path
            if module.startswith("pages"):
                assert module == "pages" or module.startswith("pages.parts."), f"{path} imports {module}"
            if module.startswith("pages.parts.") and here[0] == "parts":
                other, own = module.split(".")[2], here[1].removesuffix(".py")
                assert PAGE_FLOORS[other] < PAGE_FLOORS[own] or other == own, f"{path} must not import {module}"
                seen += 1
    assert seen > 200, "the parts were not found"


def test_importing_the_whole_core_does_not_bring_in_streamlit() -> None:
    each = f"for module in {modules(CORE)!r}: importlib.import_module(module)\n"
    run(f"import importlib, sys\n{each}assert 'streamlit' not in sys.modules")


def test_importing_every_page_asks_for_no_heavy_library() -> None:
    """They may not even be asked for: whether they are installed here must not decide this test."""
    parts = modules(path for path in PAGES if "parts" in path.parts)
    imported = sorted({module for path in PAGES for module in imports_of(path)} | set(parts))
    run(f"import importlib, sys\n{WATCH}for module in {imported!r}: importlib.import_module(module)\n")
    with pytest.raises(AssertionError):  # the watch would notice one
        run(f"import sys\n{WATCH}import torch")


def test_no_clustering_sees_the_truth() -> None:
    rooms = [path for path in CORE if {"clustering", "arrays"} & set(path.parts) and path.name != "truth.py"]
    jobs = ROOT / "imclust_core" / "jobs"
    for path in [*rooms, *(jobs / name for name in ("kinds/cluster.py", "kinds/sweep.py", "child_process.py"))]:
        assert not [module for module in imports_of(path) if module.endswith(("truth", "comparisons"))], path


def test_sql_lives_in_the_store_and_the_queue_only() -> None:
    core = ROOT / "imclust_core"
    for path in EVERYTHING:
        if not (path.is_relative_to(core / "store") or path == core / "jobs" / "queue.py"):
            assert "sqlite3" not in imports_of(path)
            assert not re.search(r"\b(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b", path.read_text())


BANNED = r"unsafe_allow_html|st\.html\(|components\.v1|pickle|weights_only=False|allow_pickle=True"


def test_no_place_shows_text_from_outside_as_html_or_trusts_a_pickle() -> None:
    for path in EVERYTHING:
        text = path.read_text().replace("allow_pickle=False", "")
        if path.name == "gensim_files.py":  # reads what gensim pickled, and lets in nothing but arrays and text
            assert "pickle.load" not in text and "find_class" in text
            text = text.replace("pickle", "")
        assert not re.search(BANNED, text), path
        assert not re.search(r"st\.image\(|base64", text), "images reach the browser by the image route only"
    for path in SCRIPTS:
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path.read_text()), path


def test_files_and_the_functions_of_pages_stay_small_enough_to_read() -> None:
    for path in CORE:
        text = path.read_text()
        assert len(text.splitlines()) <= 310, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name != "_parser":
                assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} of {path}"
    for path in SCRIPTS:  # how long their functions are is Biome's to say
        assert len(path.read_text().splitlines()) <= 250, path
    for path in PAGES:
        text = path.read_text()
        assert not re.search(r"if .*\bbutton\(", text.replace('if st.button("Browse folders…"', "")), (
            f"{path}: what a button does belongs in on_click; a drawing that is cut short would lose the press. "
            "Only a dialog has to be opened where the button is drawn."
        )
        assert len(text.splitlines()) <= (120 if path.parent.name == "pages" else 250), path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                length = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
                assert length <= 30, f"{node.name} has {length} lines"


def test_the_repository_holds_no_secret_and_no_tool_of_its_makers() -> None:
    listed = tracked()
    assert ".streamlit/secrets.toml" not in listed
    assert not [name for name in listed if name.endswith((".pem", ".key", ".db", ".sqlite"))]
