"""Runs beside each other, without a ratio: threads, tiers, machines.

compare.py forms ratios, and so refuses runs that differ in more than time.
Here they may: the figures stand side by side, and what differs is named.
"""

from benchmarks.analysis import derived
from benchmarks.analysis.statistics import estimate
from benchmarks.record.results import Record
from benchmarks.report.table import Table, between, threads
from benchmarks.rows.contenders import rows_of

DIFFERENCES = {
    "threads": threads,
    "tier": lambda record: f"{record['tier']} tier",
    "device": lambda record: record["device"],
    "data": lambda record: (
        f"{record['data']['train_images']:,} images of "
        f"{record['data']['name']}"
    ),
    "machine": lambda record: f"machine {record['machine']['id']}",
}


def table(records: list[Record]) -> Table:
    """Seconds per epoch of every row, a column a run."""
    differ = [
        name
        for name, words in DIFFERENCES.items()
        if len({words(record) for record in records}) > 1
    ]
    heads = [
        ", ".join(DIFFERENCES[name](record) for name in differ) or record["id"]
        for record in records
    ]
    shown = []
    rows = {c.name: c for record in records for c in rows_of(record)}
    for c in rows.values():
        cells = []
        for record in records:
            runs = derived.trained(record, c.name)
            seconds = [derived.epoch_seconds(run) for run in runs]
            cells.append(between(estimate(seconds)) if seconds else "")
        if any(cells):
            shown.append([c.title, *cells])
    same = [name for name in DIFFERENCES if name not in differ]
    return Table(
        "Side by side",
        ("model", *heads),
        shown,
        f"Seconds per epoch (without epochs, of all training), with the "
        f"interval over the rounds. No ratio is formed: the runs differ in "
        f"{' and '.join(differ) or 'nothing but time'}. Equal in all: "
        f"{', '.join(same) or 'nothing'}.",
    )
