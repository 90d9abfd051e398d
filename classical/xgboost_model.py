"""Gradient boosted trees: as the assignment set them up, and tuned."""

from xgboost import XGBClassifier


def assignment_model(
    seed: int = 0, threads: int | None = None, callbacks=None, **settings
) -> XGBClassifier:
    """XGBClassifier with the assignment's three settings.

    fit(x, y) takes x (N, 784) in [0, 1] and the labels y (N,), not one-hot:
    100 rounds, and in each one tree of depth 6 for each of the ten digits.
    A tree is fitted to p - y, as the output layer of a softmax net is
    (equation [10] of numpy_net); the trees' sums are the z of a softmax.

    Seed, threads and callbacks do not change the model: XGBoost's defaults
    draw nothing at random. threads=None takes all cores. Further settings
    are XGBClassifier's own.
    """
    return XGBClassifier(
        objective="multi:softmax",
        num_class=10,
        eval_metric="merror",
        random_state=seed,
        n_jobs=threads,
        callbacks=callbacks,
        **settings,
    )


def fast_model(
    seed: int = 0, threads: int | None = None, callbacks=None
) -> XGBClassifier:
    """The same trees, of coarser pixels: 16 shades in place of 256.

    A split asks whether a pixel is above some shade. For each node XGBoost
    adds up gradients by pixel and shade (a histogram), and then looks at
    every shade of every pixel for the best split. With max_bin=16 there are
    sixteen times fewer to clear, to add and to look at, and they stay in
    the processor's cache. Ink on paper needs no more.

    What else was tried, and what each change alone does to time and
    accuracy (half of the pixels for each tree, trees grown leaf by leaf,
    pixels left out that never change), measures
    `python -m benchmarks --only trees`.
    """
    return assignment_model(seed, threads, callbacks, max_bin=16)


def accurate_model(
    seed: int = 0, threads: int | None = None, callbacks=None
) -> XGBClassifier:
    """What boosting can do when the time saved is spent on more trees.

    250 rounds of smaller steps (learning_rate 0.2, not 0.3), each tree
    grown on its own random 80 % of the samples and half of the pixels:
    trees that err differently, so that their sum errs less. The benchmark's
    table shows how long that takes, beside the defaults. The seed decides
    what is drawn.
    """
    return assignment_model(
        seed,
        threads,
        callbacks,
        max_bin=16,
        n_estimators=250,
        learning_rate=0.2,
        subsample=0.8,
        colsample_bytree=0.5,
    )
