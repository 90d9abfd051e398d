"""The table that ``model.summary()`` prints: Keras's, cell for cell.

After training Keras adds the optimizer's own parameters to the total.
"""

HEADER = ("Layer (type)", "Output Shape", "Param #")


def parameter_count(layer) -> int:
    return sum(weight.size for weight in layer.weights)


def rows(model) -> list[tuple[str, str, str]]:
    """Return layer, output shape and number of parameters, as text."""
    return [
        (
            f"{name} ({type(layer).__name__})",
            str((None, *layer.output_shape)),
            f"{parameter_count(layer):,}",
        )
        for name, layer in zip(model.layer_names, model.layers, strict=True)
    ]


def table(model) -> str:
    """Return the model's layers, output shapes and parameter counts."""
    columns = zip(HEADER, *rows(model), strict=True)
    widths = [max(map(len, column)) for column in columns]
    rule = "-" * (sum(widths) + 4)
    return "\n".join(
        [
            f'Model: "{model.name}"',
            rule,
            _line(HEADER, widths),
            rule,
            *(_line(row, widths) for row in rows(model)),
            rule,
            *totals(model),
        ]
    )


def _line(cells, widths):
    layer, shape, count = cells
    return f"{layer:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}"


def totals(model) -> list[str]:
    """Return the three lines below the table."""
    weights = [w for layer in model.layers for w in layer.weights]
    count = sum(w.size for w in weights)
    size = _size(sum(w.nbytes for w in weights))
    return [
        f" Total params: {count:,} ({size})",
        f" Trainable params: {count:,} ({size})",
        " Non-trainable params: 0 (0.00 B)",
    ]


def _size(nbytes):
    """Bytes in the largest unit below them, 1 KB = 1024 B as in Keras."""
    size, units = float(nbytes), ["B", "KB", "MB", "GB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{size:.2f} {units[0]}"
