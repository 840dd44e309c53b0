"""The documentation tells the truth: its code runs, its links lead somewhere, its lists are whole."""

import functools
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from imclust_core.backbones import network
from imclust_core.backbones.registry import BUNDLED
from imclust_core.clustering.strategies import STRATEGIES
from imclust_core.images.reasons import NOTES, REASONS
from imclust_core.mapping.methods import METHODS
from imclust_core.store.workspace import Workspace
from tests.helpers.embedded import pin_speed
from tests.helpers.hostile import jpeg

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "bench" / "README.md"])


def test_python_in_the_documentation_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg())
    monkeypatch.chdir(tmp_path)
    # Measuring a network, and making it for each block anew, takes longer than all the rest.
    pin_speed(Workspace.open("workspace"), BUNDLED)
    monkeypatch.setattr(network, "load_backbone", functools.cache(network.load_backbone))
    run = set()
    for page in PAGES:
        for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.S):
            exec(compile(block, page.name, "exec"), {})  # noqa: S102  our own documentation
            run.add(page.name)
    assert run >= {"README.md", "notebook.md"}


def test_what_the_documentation_names_is_there_and_what_is_there_is_named() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            assert target.startswith("http") or (page.parent / target).exists(), f"{page.name}: {target}"
    threats, decisions = ((ROOT / "docs" / name).read_text() for name in ("threat-model.md", "decisions.md"))
    for code in [*REASONS, *NOTES]:
        assert f"`{code}" in threats, f"no word on the reason or note {code}"
    commands = (ROOT / "docs" / "command-line.md").read_text()
    for name in [*STRATEGIES, *METHODS]:
        assert re.search(rf"\b{name}\b", commands), f"docs/command-line.md does not name {name}"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"].values()
    needed = [*project["build-system"]["requires"], *project["project"]["dependencies"], *chain(*extras)]
    assert len(needed) > 20
    for one in needed:
        name = re.split(r"[^\w-]", one)[0]
        assert name in decisions, f"no reason for the dependency {name}"
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"make ([a-z]+)\b", (ROOT / "README.md").read_text())) - {"does"} <= targets
