"""Laws of imclust. Of several processes that run them at once, each keeps to one core."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # else the threads of one wait for those of another, many times as long
    os.environ.setdefault("OMP_NUM_THREADS", "1")
