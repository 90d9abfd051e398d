"""CSV files of a record's raw times, for a spreadsheet or a data frame."""

import csv
from pathlib import Path
from typing import Any

from benchmarks.record.results import Record, replacing


def write(folder: Path, record: Record) -> list[Path]:
    """Write phases.csv, epochs.csv and blocks.csv; return their paths."""
    lists: dict[str, list[dict[str, Any]]] = {
        "phases": [],
        "epochs": [],
        "blocks": [],
    }
    for run in record["runs"]:
        key = {
            name: run[name] for name in ("task", "contender", "round", "order")
        }
        key |= {"status": run["status"]}
        for name, phase in run.get("phases", {}).items():
            lists["phases"].append(key | {"phase": name} | phase)
        for number, epoch in enumerate(run.get("epochs", []), start=1):
            lists["epochs"].append(key | {"epoch": number} | epoch)
        for block in run.get("blocks", []):
            lists["blocks"].append(key | block)
    return [
        _write(folder / f"{name}.csv", rows)
        for name, rows in lists.items()
        if rows
    ]


def _write(path: Path, rows: list[dict[str, Any]]) -> Path:
    columns = dict.fromkeys(name for row in rows for name in row)
    with (
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerows(rows)
    return path
