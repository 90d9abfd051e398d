"""The table that ``model.summary()`` prints: Keras's, cell for cell.

After training Keras adds the optimizer's own parameters to the total.
"""

HEADER = ("Layer (type)", "Output Shape", "Param #")


def table(model) -> str:
    """Return the model's layers, output shapes and parameter counts."""
    rows, shape = [HEADER], model.input_shape
    for layer in model.layers:
        shape = layer.compute_output_shape(shape)
        kind, count = type(layer).__name__, f"{layer.count_params():,}"
        rows.append((f"{layer.name} ({kind})", str(shape), count))
    a, b, c = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = [f"{x:<{a}}  {y:<{b}}  {z:>{c}}" for x, y, z in rows]
    rule = "-" * len(lines[0])
    kinds = {
        "Total": model.weights,
        "Trainable": model.trainable_weights,
        "Non-trainable": model.non_trainable_weights,
    }
    totals = [f" {kind} params: {_size(own)}" for kind, own in kinds.items()]
    name = f'Model: "{model.name}"'
    return "\n".join([name, rule, lines[0], rule, *lines[1:], rule, *totals])


def _size(weights):
    """Numbers, and bytes in the largest unit below them: 1 KB = 1024 B."""
    size, units = float(sum(w.nbytes for w in weights)), ["B", "KB", "MB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{sum(w.size for w in weights):,} ({size:.2f} {units[0]})"
