"""How fast is a scan? Files per second and memory, against a plain loop over the same files in the same run.

    python bench/scan.py [--files 100000] [--rounds 3]

The peer is what one would write in a minute: os.walk, PIL.Image.open(path).load(), nothing kept. The scan
does more: it hashes every byte, checks every file against the list of hostile inputs, writes the catalogue,
and leaves facts from which a thumbnail can be served.
"""

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "bench" / ".work"
SIDES = ((160, 120), (200, 200), (240, 180), (120, 160))


def make_files(folder: Path, number: int) -> None:
    """JPEGs of a few kilobytes, no two with the same bytes, a thousand to a folder."""
    if (folder / ".complete").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    dice = random.Random(0)
    originals = []
    for index in range(40):
        small = Image.frombytes("RGB", (12, 9), dice.randbytes(12 * 9 * 3))
        path = WORK / "original.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        small.resize(SIDES[index % len(SIDES)], Image.Resampling.BICUBIC).save(path, quality=85)
        originals.append(path.read_bytes())
    for index in range(number):
        below = folder / f"{index // 1000:03}"
        below.mkdir(parents=True, exist_ok=True)
        # Bytes after a JPEG's end marker change the file and not the picture.
        (below / f"{index:06}.jpg").write_bytes(originals[index % len(originals)] + index.to_bytes(4, "big"))
    (folder / ".complete").touch()


PLAIN = """
import os, sys, time, warnings
from PIL import Image
warnings.simplefilter("ignore")
start, done = time.perf_counter(), 0
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        try:
            with Image.open(os.path.join(folder, name)) as image:
                image.load()
            done += 1
        except OSError:
            pass
print(done, time.perf_counter() - start)
"""

OURS = """
import json, resource, sys
from pathlib import Path
from imclust_core import Workspace, scan
from imclust_core.store.collections import add_collection
workspace = Workspace.open(sys.argv[2])
source = add_collection(workspace, Path(sys.argv[1]))
result = scan(workspace, source.id, lambda *_: None)
again = scan(workspace, source.id, lambda *_: None)
own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(json.dumps({"images": result["images"], "seconds": result["seconds"], "rescan": again["seconds"],
                  "own_mb": own, "child_mb": child}))
"""


def run(code: str, *arguments: str) -> str:
    """Run code in an interpreter of its own, so that nobody starts with another's memory or caches."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def measure(folder: Path, rounds: int) -> dict[str, float]:
    """Plain loop and scan by turns, each `rounds` times over; medians."""
    run(PLAIN, str(folder))  # brings the files into the page cache for both
    plain, ours = [], []
    for _ in range(rounds):
        done, seconds = run(PLAIN, str(folder)).split()
        plain.append(int(done) / float(seconds))
        shutil.rmtree(WORK / "workspace", ignore_errors=True)
        ours.append(json.loads(run(OURS, str(folder), str(WORK / "workspace"))))
        assert ours[-1]["images"] == int(done)
    rate = statistics.median(one["images"] / one["seconds"] for one in ours)
    return {
        "files": int(done),
        "plain_files_per_s": round(statistics.median(plain)),
        "scan_files_per_s": round(rate),
        "ratio": round(rate / statistics.median(plain), 2),
        "rescan_files_per_s": round(statistics.median(one["images"] / one["rescan"] for one in ours)),
        "peak_mb": round(max(one["own_mb"] for one in ours)),
        "peak_mb_of_a_child": round(max(one["child_mb"] for one in ours)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {time.strftime('%Y-%m-%d')}")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in (options.files // 10, options.files):
        folder = WORK / f"files-{number}"
        make_files(folder, number)
        print(json.dumps(measure(folder, options.rounds)))


if __name__ == "__main__":
    main()
