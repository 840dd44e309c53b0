"""`python -m imclust_core` is the command `imclust`."""

import sys

from imclust_core.cli import main

sys.exit(main())
