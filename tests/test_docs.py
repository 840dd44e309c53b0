"""The documentation tells the truth: its code runs, its links lead somewhere, its lists are whole."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from imclust_core.images.reasons import NOTES, REASONS
from tests.helpers.hostile import jpeg

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "bench" / "README.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_in_the_documentation_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg())
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.S):
        exec(compile(block, page.name, "exec"), {})  # noqa: S102  our own documentation


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_repository_lead_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_every_reason_and_note_is_documented() -> None:
    text = (ROOT / "docs" / "threat-model.md").read_text()
    for code in [*REASONS, *NOTES]:
        assert f"`{code}" in text, code


def test_every_dependency_has_its_reason() -> None:
    decisions = (ROOT / "docs" / "decisions.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"].values()
    needed = [*project["build-system"]["requires"], *project["project"]["dependencies"], *chain(*extras)]
    assert len(needed) > 20
    for one in needed:
        name = re.split(r"[^\w-]", one)[0]
        assert name in decisions, name


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"make ([a-z]+)\b", (ROOT / "README.md").read_text())) - {"does"} <= targets
