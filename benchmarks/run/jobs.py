"""What the words of the command line mean: which rows, how, how often."""

from argparse import Namespace
from dataclasses import replace

from benchmarks import cli as command_line
from benchmarks.analysis import step_cost, time_to_accuracy
from benchmarks.record import machine
from benchmarks.record.errors import InputError
from benchmarks.rows.contenders import (
    CONTENDERS,
    EXTRAS,
    LADDER,
    TIERS,
    TREES,
    Contender,
    is_added,
    row_of,
    select,
)
from benchmarks.run.runner import Options


def asked(options: Namespace) -> Options:
    """The options of the runner, for each command that trains."""
    tier = TIERS[options.tier]
    names = [name for text in options.only for name in text.split(",")]
    common = Options(
        tier=tier,
        train=[],
        step=[],
        data=options.data,
        data_dir=options.data_dir,
        seed=options.seed,
        threads=_threads(options.threads),
        device=options.device,
        rounds=options.rounds or max(tier.rounds, LEAST[options.command]),
        timeout=options.timeout,
    )
    for name in filter(is_added, names):
        raise InputError(f"--only: {name!r} is no row; say --add {name}")
    chosen = select(names) if names else []
    added = select(_names_to_add(options)) if options.add else []
    job = JOBS[options.command](common, chosen)
    job = replace(job, train=[*job.train, *added])
    if options.device == "gpu":
        job = replace(
            job,
            train=[c for c in job.train if c.gpu],
            step=[c for c in job.step if c.gpu],
        )
    if not job.train and not job.step:
        raise InputError("none of the chosen rows takes part in this command")
    return job


def _names_to_add(options: Namespace) -> list[str]:
    for name in options.add:
        if not is_added(name):
            raise InputError(
                f"--add: expected MODULE:FACTORY, as in "
                f"sklearn.naive_bayes:GaussianNB, got {name!r}"
            )
    return list(options.add)


def _bench(common: Options, chosen: list[Contender]) -> Options:
    """All that a report shows; or the chosen rows alone.

    That is all rows, the rungs of the ladder that are no row, the cost of a
    step, and what belongs to no row.
    """
    if chosen:
        return replace(common, train=chosen)
    rows, swept = list(CONTENDERS), step_cost.contenders()
    rows += [rung for rung in LADDER if row_of(rung) is None]
    quick = common.tier.name == "quick"
    if quick:
        rows = [c for c in rows if c.quick]
        swept = select(["numpy-batch-10", "keras-batch-10"])
    points = step_cost.points(quick)
    return replace(
        common,
        train=rows,
        step=swept,
        points=points,
        blocks=2,
        extras=tuple(EXTRAS),
    )


def _step(common: Options, chosen: list[Contender]) -> Options:
    rows = [c for c in chosen or CONTENDERS if c.steps]
    points = step_cost.points(common.tier.name == "quick")
    return replace(common, step=rows, points=points)


def _ladder(common: Options, chosen: list[Contender]) -> Options:
    return replace(common, train=chosen or list(LADDER))


def _time_to_accuracy(common: Options, chosen: list[Contender]) -> Options:
    """Until the higher threshold of each net; seeds are what rounds vary."""
    highest = {net: t[-1] for net, t in time_to_accuracy.THRESHOLDS.items()}
    return replace(
        common,
        train=chosen or select(list(time_to_accuracy.ROWS)),
        epochs=time_to_accuracy.EPOCHS,
        until=highest,
    )


def _trees(common: Options, chosen: list[Contender]) -> Options:
    return replace(common, train=chosen or [*select(["xgboost"]), *TREES])


# Rounds if nobody says how many: seeds are what time to accuracy is about.
LEAST = {"bench": 1, "step": 1, "ladder": 1, "trees": 1, "tta": 3}
JOBS = {
    "bench": _bench,
    "trees": _trees,
    "step": _step,
    "ladder": _ladder,
    "tta": _time_to_accuracy,
}


def _threads(text: str) -> int:
    cores = machine.usable_cores()
    if text == "all":
        return cores
    if not command_line.is_number(text) or not 1 <= int(text) <= cores:
        raise InputError(
            f"--threads: expected 1 to {cores} (the cores that can be used "
            f"here) or all, got {text!r}"
        )
    return int(text)
