"""The command line, run as a person would."""

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from imclust_core.cli import main

ROOT = Path(__file__).resolve().parents[2]


def imclust(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "imclust_core", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd, env=environment, check=False)


def imclust_here(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The same without the second that a process of its own takes to start."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main([str(one) for one in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess([*arguments], code, out.getvalue(), err.getvalue())
