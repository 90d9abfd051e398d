"""Gradient boosted trees, as the assignment set them up."""

from xgboost import XGBClassifier


def assignment_model(
    seed: int = 0, threads: int | None = None, callbacks=None
) -> XGBClassifier:
    """XGBClassifier with the assignment's three settings.

    fit(x, y) takes x (N, 784) in [0, 1] and the labels y (N,), not one-hot:
    100 rounds, and in each one tree of depth 6 for each of the ten digits.
    A tree is fitted to p - y, as the output layer of a softmax net is
    (equation [10] of numpy_net); the trees' sums are the z of a softmax.

    Seed, threads and callbacks do not change the model: XGBoost's defaults
    draw nothing at random. threads=None takes all cores.
    """
    return XGBClassifier(
        objective="multi:softmax",
        num_class=10,
        eval_metric="merror",
        random_state=seed,
        n_jobs=threads,
        callbacks=callbacks,
    )
