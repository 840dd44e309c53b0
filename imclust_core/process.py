"""Starting another process of this same installation, wherever we were started from."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def start_module(module: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start `python -m module arguments...` with this interpreter and this copy of the package.

    `-P` keeps the current folder off the import path: it may be a folder of somebody's images and scripts.
    """
    ours = str(Path(__file__).resolve().parent.parent)
    paths = [ours, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
    return subprocess.Popen([sys.executable, "-P", "-m", module, *arguments], env=environment, **options)
