"""python -m benchmarks: train, time and compare, then show where it stands."""

import sys

from benchmarks.cli import main

if __name__ == "__main__":
    sys.exit(main())
