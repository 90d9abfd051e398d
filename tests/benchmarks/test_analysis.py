"""What is made of raw times: would it be fooled?

The records are made up, so that the right answer is known: a twin, a row
that is twice as slow, a step that costs alpha + beta * batch_size.
"""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from benchmarks import InputError
from benchmarks.analysis.analysis import Analysis
from benchmarks.analysis.compare import changes
from benchmarks.analysis.intervals import Estimate, estimate, line, verdict
from benchmarks.rows import table
from benchmarks.rows.table import COMPILED_10, KERAS_10, LADDER, NUMPY_10
from tests.benchmarks.records import (
    TWIN,
    a_record,
    a_run,
    a_sweep,
    equal,
    rounds,
    timed,
)

EQUAL = equal(KERAS_10, NUMPY_10)


def a_pair(numpy, keras, twin=(), gate=(EQUAL,)):
    """The analysis of two rows, and of a twin of the first."""
    runs = [*rounds(NUMPY_10, numpy), *rounds(KERAS_10, keras)]
    return Analysis(a_record(*runs, *rounds(TWIN, twin), gate=gate))


def judged(analysis):
    """What is said of the one ratio."""
    [measured] = analysis.ratios
    return verdict(measured.value, analysis.noise_floor)


# Intervals and verdicts


def test_few_values_have_their_range_and_many_a_bootstrap():
    assert estimate([3.0, 1.0, 2.0]) == Estimate(2.0, 1.0, 3.0, 3)
    values = [float(n) for n in range(1, 22)]
    # 10,000 draws of 21 values gave the same.
    assert estimate(values[::-1]) == Estimate(11.0, 7.0, 15.0, 21)
    assert estimate(values[:5]) == Estimate(3.0, 1.0, 5.0, 5)
    assert estimate(values[:8]) == Estimate(4.5, 2.0, 7.0, 8)


def test_a_row_that_is_twice_as_slow_is_found():
    numpy, twin, keras = (timed(m, seed=m) for m in (1, 1.0001, 2))
    analysis = a_pair(numpy, keras, twin)
    assert judged(analysis) == "slower"
    value = analysis.ratio(KERAS_10, NUMPY_10).value
    assert value.value == pytest.approx(2.0, rel=0.05)
    assert value.low < 2.0 < value.high
    assert judged(a_pair(keras, numpy, keras)) == "faster"


@pytest.mark.parametrize("seed", range(20))
def test_identical_rows_show_no_difference(seed):
    numpy, twin, keras = (timed(1.0, seed=seed + n) for n in (0, 100, 200))
    assert judged(a_pair(numpy, keras, twin)) == "no difference shown"


def test_a_difference_below_the_noise_floor_is_none():
    """Every round agrees on 5 %, but identical rows differ by 10 %."""
    analysis = a_pair([1.0] * 6, [1.05] * 6, [1.1] * 6)
    assert analysis.noise_floor == pytest.approx(0.1)
    assert judged(analysis) == "no difference shown"


def test_one_round_or_no_twin_judge_nothing():
    assert judged(a_pair([1.0], [9.0], [1.0])) == "not judged"
    assert judged(a_pair([1.0] * 5, [9.0] * 5)) == "not judged"


# Ratios and the gate


def test_ratios_are_paired_by_round():
    """A machine that slows down meets both rows alike."""
    drift = [1.0, 2.0, 4.0, 8.0, 16.0]
    analysis = a_pair(drift, [3 * seconds for seconds in drift])
    assert analysis.ratios[0].value == Estimate(3.0, 3.0, 3.0, 5)


def test_seconds_and_ratio_tell_of_the_same_rounds():
    """Keras ran in the first round alone; NumPy was slower in the others."""
    [measured] = a_pair([1.0, 9.0, 9.0], [2.0]).ratios
    assert measured.value.n == 1
    assert (measured.slower_seconds, measured.faster_seconds) == (2.0, 1.0)
    runs = [a_run(NUMPY_10), a_run(KERAS_10, number=1)]
    apart = Analysis(a_record(*runs, gate=[EQUAL]))
    assert apart.ratio(KERAS_10, NUMPY_10) is None


def test_a_failed_gate_leaves_no_ratio():
    failed = equal(NUMPY_10, KERAS_10, ["learning_rate 1 here, 2 there"])
    for gate, reasons in (
        ([equal(KERAS_10, COMPILED_10), failed], failed.failed),
        ([], ["the two were not held to equal updates"]),
    ):
        analysis = a_pair([1.0] * 5, [9.0] * 5, gate=gate)
        measured = analysis.ratio(KERAS_10, NUMPY_10)
        assert (measured.value, measured.reasons) == (None, reasons)
        assert not analysis.equal_updates([KERAS_10, NUMPY_10])
    trees = [a_run(table.XGBOOST, 2.0), a_run(table.XGBOOST_FAST, 1.0)]
    [measured] = Analysis(a_record(*trees)).ratios
    assert measured.value.value == 2.0, "trees make no updates to be held to"


def test_updates_are_equal_if_all_that_the_gate_saw_are():
    failed = equal(COMPILED_10, NUMPY_10, ["a rule"])
    analysis = a_pair([1.0], [1.0], gate=[EQUAL, failed])
    assert analysis.equal_updates([NUMPY_10, KERAS_10])
    assert not analysis.equal_updates([NUMPY_10, KERAS_10, COMPILED_10])
    assert not analysis.equal_updates([NUMPY_10, table.XGBOOST]), "none seen"


# Step cost

STEP = table.sweep_of(NUMPY_10)


def swept(*runs):
    return Analysis(a_record(*runs))


def kinked(batch_size):
    return 1.0 + batch_size**1.5


def test_a_line_is_fitted_with_relative_weights():
    fit = line([(1, 3.0), (10, 12.0), (100, 102.0)])
    assert fit == pytest.approx((2.0, 1.0))
    alpha, _ = line([(1, 3.0), (10, 12.0), (1000, 4002.0)])
    assert 0 < alpha < 3, "the largest time alone would say -18"


def test_the_fit_finds_alpha_and_beta_at_every_width():
    runs = [
        a_sweep(STEP, lambda b: 2e-3 + 2e-5 * b, units=(30, 100), number=n)
        for n in range(3)
    ]
    analysis = swept(*runs)
    assert [(c.row, c.units) for c in analysis.costs] == [
        (STEP, 30),
        (STEP, 100),
    ]
    assert analysis.closings == analysis.costs[:1], "of 30 units"
    for cost in analysis.costs:
        figures = (cost.alpha.value, cost.beta.value, cost.times[10].value)
        assert figures == pytest.approx((2e-3, 2e-5, 2.2e-3))
        assert cost.straight
        assert cost.alpha.n == cost.times[10].n == 3
    textbook = table.sweep_of(table.TEXTBOOK)
    [point] = swept(a_sweep(textbook, float, sizes=[1])).costs
    assert (point.alpha, point.beta, point.times[1].value) == (None, None, 1.0)


@pytest.mark.parametrize(("off", "explained"), [(1.05, True), (1.3, False)])
def test_the_line_is_held_to_a_measured_epoch(off, explained):
    [cost] = swept(a_sweep(STEP, lambda b: 5.0 + b, epoch_off=off)).closings
    assert cost.by_line
    assert cost.explained is explained
    assert cost.off == pytest.approx(1 / off - 1)


def test_where_no_line_explains_the_points_the_timed_point_does():
    [cost] = swept(a_sweep(STEP, kinked)).closings
    assert not cost.straight
    assert not cost.by_line
    assert cost.predicted == pytest.approx(cost.measured.value)


def crossed(numpy, keras, **more):
    pairs = ((NUMPY_10, numpy), (KERAS_10, keras))
    runs = [a_sweep(table.sweep_of(row), time, **more) for row, time in pairs]
    return swept(*runs).crossings(NUMPY_10, KERAS_10)


def test_two_rows_cross_where_they_cost_the_same():
    """10 + 2 B against 100 + B: they meet at 90."""
    sizes = range(1, 201)
    [found] = crossed(lambda b: 10 + 2 * b, lambda b: 100 + b, sizes=sizes)
    assert (found.axis, found.where) == ("batch size", "30 units")
    assert found.span == (1, 200)
    assert found.turns == pytest.approx([90], rel=1e-3)
    assert found.cheaper == STEP
    assert found.dearer == table.sweep_of(KERAS_10)


def test_without_a_turn_the_cheaper_is_never_slower():
    for numpy, keras, cheaper in (
        (float, lambda b: 2.0 * b, NUMPY_10),
        (lambda b: 2.0 * b, float, KERAS_10),
        (lambda b: 1.0, lambda b: 1.0 if b == 1 else 2.0, NUMPY_10),
    ):
        [found] = crossed(numpy, keras)
        assert found.turns == []
        assert found.cheaper == table.sweep_of(cheaper)


def test_rows_that_change_places_twice_say_so():
    """One turn alone would say who is faster above it, and be wrong."""
    [found] = crossed(lambda b: 50.0 if b == 10 else b, lambda b: 1.5 * b)
    first, second = found.turns
    assert 1 < first < 10 < second < 100


def test_by_width_rows_cross_at_each_batch_size_that_both_have():
    widths = (30, 100, 300)
    found = crossed(float, lambda b: 2.0 * b, sizes=(1, 10), units=widths)
    assert [(c.axis, c.where, c.span) for c in found] == [
        ("batch size", "30 units", (1, 10)),
        ("width", "batch 1", (30, 300)),
        ("width", "batch 10", (30, 300)),
    ]


# Ladder and time to accuracy


def climbed(*seconds):
    runs = [run for row, s in seconds for run in rounds(row, s)]
    return Analysis(a_record(*runs)).rungs


def test_the_ladder_is_complete_and_each_rung_has_its_ratio():
    seconds = [[2.0**-n] * 3 for n in range(len(LADDER))]
    rows = [rung.row for rung in LADDER]
    rungs = climbed(*zip(rows, seconds, strict=True))
    assert [step.rung for step in rungs] == list(LADDER)
    assert rungs[0].change is None
    assert all(step.change == Estimate(0.5, 0.5, 0.5, 3) for step in rungs[1:])
    for before, after in pairwise(LADDER):
        if not (before.changes_updates or after.changes_updates):
            assert before.row.batch_size == after.row.batch_size


def test_where_a_rung_is_missing_the_next_has_no_change():
    """But for one that lies aside of its neighbours."""
    numpy, keras, compiled = climbed(
        (NUMPY_10, [1.0]), (KERAS_10, [8.0]), (COMPILED_10, [2.0])
    )
    assert keras.change is None
    assert compiled.change.value == 0.25
    assert numpy.updates == keras.updates == 10
    assert (numpy.accuracy, numpy.start) == (0.5, 0.0)


def test_time_to_accuracy_counts_those_that_never_got_there():
    """0.92 after two epochs of 2 s and 1 s: 0.90 is reached, 0.94 is not."""
    record = a_record(*rounds(NUMPY_10, [1.0] * 3), a_run(TWIN))
    low, high = Analysis(record).reached
    assert (low.row, low.threshold, low.seconds) == (NUMPY_10, 0.90, 3.0)
    assert (low.updates, low.epochs, low.never, low.runs) == (20, 2, 0, 3)
    assert (high.threshold, high.seconds, high.never) == (0.94, None, 3)
    record.trained(NUMPY_10)[0].measured.epochs[1].logs["val_accuracy"] = 0.5
    low, _ = Analysis(record).reached
    assert (low.seconds, low.never) == (3.0, 1)
    goal = table.EVERY[f"tta-{NUMPY_10.name}"]
    assert Analysis(a_record(a_run(goal))).reached[0].row == goal


# Two records


def twice(seconds):
    seed = round(seconds * 9)
    runs = rounds(NUMPY_10, timed(seconds, seed=seed))
    return a_record(*runs, *rounds(TWIN, timed(seconds, seed=seed + 1)))


@pytest.mark.parametrize(
    ("factor", "clear"), [(1.0, False), (1.5, True), (0.5, True)]
)
def test_compare_finds_what_has_changed(factor, clear):
    found = changes(twice(1.0), twice(factor))
    assert [change.row for change in found] == [NUMPY_10, TWIN]
    for change in found:
        assert change.clear is clear
        assert change.ratio == pytest.approx(factor, rel=0.05)


def test_one_round_or_a_restless_machine_show_no_change():
    old, new = (a_record(a_run(NUMPY_10, s)) for s in (1.0, 9.0))
    [once] = changes(old, new)
    assert not once.judged
    assert not once.clear
    restless = a_record(*rounds(NUMPY_10, [1.1] * 5), *rounds(TWIN, [1.4] * 5))
    first, _ = changes(twice(1.0), restless)
    assert first.judged
    assert not first.clear, "identical rows differ by more"
    old, new = (a_record(*rounds(NUMPY_10, s)) for s in ([1, 2, 3], [2, 3, 4]))
    [overlapping] = changes(old, new)
    assert not overlapping.clear


def test_no_ratio_is_formed_of_what_differs_in_more_than_time():
    old = twice(1.0)
    others = {
        "machine": replace(old, machine=replace(old.machine, id="other")),
        "threads": replace(old, request=replace(old.request, threads=2)),
        "device": replace(old, request=replace(old.request, device="gpu")),
        "data": replace(old, data=replace(old.data, train_images=60_000)),
    }
    for name, new in others.items():
        with pytest.raises(InputError, match=f"not the same {name} .*and"):
            changes(old, new)
    with pytest.raises(InputError, match="no row in common"):
        changes(old, a_record(a_run(KERAS_10)))
