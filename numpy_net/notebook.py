"""What Jupyter shows of a model, a history and a report: plain tables.

Each of them has a method _repr_html_, which notebooks call.
"""

from html import escape

import numpy as np

from numpy_net import summary

MOST_ROWS = 40  # a longer history loses its middle


def model(model) -> str:
    """Layers, output shapes and parameters, as model.summary() has them."""
    caption = f"{model.name}: input {model.input_shape}"
    below = "<br>".join(map(escape, summary.totals(model)))
    table = _table(caption, summary.HEADER, summary.rows(model))
    return f"{table}<p>{below}</p>"


def history(history) -> str:
    """One row an epoch; of many epochs the first and the last."""
    names = list(history.history)
    rows = [
        [str(epoch + 1), *map(number, values)]
        for epoch, *values in zip(
            history.epoch, *history.history.values(), strict=True
        )
    ]
    if len(rows) > MOST_ROWS:
        half = MOST_ROWS // 2
        rows = [*rows[:half], ["..."] * (len(names) + 1), *rows[-half:]]
    return _table(f"{len(history.epoch)} epochs", ["epoch", *names], rows)


def gradient_report(report, limits) -> str:
    """The largest error of each array by each method; ! marks a failure."""
    arrays = next(iter(report.methods.values()))
    rows = [
        [
            array.name,
            *(
                f"{found[i].error:.1e}{'' if found[i].ok else ' !'}"
                for found in report.methods.values()
            ),
        ]
        for i, array in enumerate(arrays)
    ]
    rows.append(
        ["may be up to", *(f"{limits[m]:.0e}" for m in report.methods)]
    )
    verdict = "right" if report.ok else "wrong: see !"
    table = _table(f"gradients: {verdict}", ["array", *report.methods], rows)
    notes = "".join(f"<p>caution: {escape(c)}</p>" for c in report.cautions)
    return table + notes


def number(value) -> str:
    """A metric as text: four digits; of one value per class, each."""
    return " ".join(f"{v:.4g}" for v in np.atleast_1d(value))


def _table(caption, header, rows):
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in row)}</tr>"
        for row in rows
    )
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
