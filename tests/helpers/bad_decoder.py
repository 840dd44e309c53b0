"""A decoding child in which some files really crash or hang: what a bug in a native decoder looks like."""

import os
import sys
import time

from imclust_core.images import decoder
from imclust_core.images.inspecting import Facts, inspect_file


def inspect_badly(path: str) -> Facts:
    if "crash" in os.path.basename(path):
        os.abort()
    if "hang" in os.path.basename(path):
        time.sleep(3600)
    return inspect_file(path)


if __name__ == "__main__":
    decoder.serve(sys.stdin.buffer, sys.stdout.buffer, inspect_badly)
