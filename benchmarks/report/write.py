"""The report of a run: page, summary and figures, from its record alone."""

import gc
from pathlib import Path

from benchmarks.analysis.analysis import Analysis
from benchmarks.record.folder import write_text
from benchmarks.record.record import Record
from benchmarks.report import charts_agreement, charts_learning, charts_time
from benchmarks.report import source_code as code
from benchmarks.report.drawing import Chart
from benchmarks.report.readme import summary
from benchmarks.report.tables import table
from benchmarks.report.templating import render

CHARTS = (
    *(charts_time.charts, charts_learning.charts),
    *(charts_agreement.charts, charts_learning.study),
)
ALONE = '<svg xmlns="http://www.w3.org/2000/svg"'  # a file, not in a page


def write(folder: Path, record: Record) -> None:
    """Write index.html, summary.md and a file for every drawing."""
    analysis = Analysis(record)
    charts = draw(analysis)
    write_text(folder / "index.html", page(analysis, charts))
    write_text(folder / "summary.md", summary(analysis))
    for name, chart in charts.items():
        if chart.picture.startswith("<svg"):
            text = str(chart.picture).replace("<svg", ALONE, 1) + "\n"
            write_text(folder / "figures" / f"{name}.svg", text)


def draw(analysis: Analysis) -> dict[str, Chart]:
    """Every chart for which the record has the runs, by its name."""
    gc.disable()  # figures are full of circles, sought in vain while drawn
    made = [chart for charts in CHARTS for chart in charts(analysis)]
    gc.enable()
    return {chart.name: chart for chart in made if chart}


def page(analysis: Analysis, charts: dict[str, Chart]) -> str:
    """One file that opens from disk, for ever: no script, no request."""
    counts = code.count()
    return render(
        "page.html",
        analysis=analysis,
        record=analysis.record,
        charts=charts,
        counts=counts,
        make=lambda name: table(name, analysis, counts=counts),
        digits=charts_agreement.digits,
        code=code,
    )
