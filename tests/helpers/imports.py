"""A Python of its own that reports what it imports."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


WATCH = """
class Watch:
    def find_spec(self, name, path=None, target=None):
        assert name.partition('.')[0] not in ('torch', 'torchvision', 'timm', 'gensim', 'umap', 'numba'), name
sys.meta_path.insert(0, Watch())
"""
