"""Draw the report of a run: python -m benchmarks.report FOLDER."""

import sys
from pathlib import Path

from benchmarks import InputError
from benchmarks.record.record import Record
from benchmarks.report.write import write

if __name__ == "__main__":
    [folder] = map(Path, sys.argv[1:])
    try:
        write(folder, Record.load(folder))
    except InputError as error:
        sys.exit(f"error: {error}")
