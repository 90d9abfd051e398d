"""Tests of the test: the checker finds what it must, and only that."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from numpy_net import Input, Sequential, config, layers
from numpy_net.gradient_check import (
    cautions,
    central_difference,
    check,
    compare,
    complex_step,
    directional,
    kink_margin,
    loss_of,
)
from tests.mistakes import MISTAKES, planted
from tests.mistakes.diagnosis import diagnose
from tests.mistakes.planting import small_nets

ROOT = Path(__file__).parents[1]
NAMES = ["w/kernel"]


@pytest.fixture
def batch(rng):
    return rng.uniform(size=(5, 3, 2)), np.eye(4)[[0, 1, 2, 3, 0]]


@pytest.mark.parametrize(
    ("loss", "slope"),
    [
        (lambda w: np.sum(w[0] ** 2), lambda w: 2 * w),
        (lambda w: np.sum(np.sin(w[0])), np.cos),
        (
            lambda w: np.sum((np.arange(6).reshape(2, 3) @ w[0]) ** 2),
            lambda w: (
                2
                * np.arange(6).reshape(2, 3).T
                @ (np.arange(6).reshape(2, 3) @ w)
            ),
        ),
    ],
    ids=["x^2", "sin", "matmul"],
)
def test_known_slopes(loss, slope, rng):
    w = [rng.normal(size=(3, 2))]
    expected = slope(w[0])
    [exact] = complex_step(loss, w)
    [near] = central_difference(loss, w)
    np.testing.assert_allclose(exact, expected, rtol=1e-14)
    np.testing.assert_allclose(near, expected, rtol=1e-7, atol=1e-8)
    v = rng.normal(size=(3, 2))
    assert directional(loss, w, [v]) == pytest.approx(np.sum(v * expected))


def test_2_001_for_2_is_caught_and_2_is_not(rng):
    """The default checks of PyTorch, Theano and TensorFlow pass 2.001."""
    w = [rng.normal(size=(4, 3))]

    def loss(w):
        return np.sum(w[0] ** 2)

    for method, limit in ((complex_step, 1e-12), (central_difference, 1e-6)):
        numeric = method(loss, w)
        assert compare([2 * w[0]], numeric, NAMES, limit)[0].ok
        assert not compare([2.001 * w[0]], numeric, NAMES, limit)[0].ok


@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu"])
def test_complex_step_and_central_difference_agree(hidden, rng):
    model = Sequential(
        [Input((6,)), layers.Dense(5, hidden), layers.Dense(4, "softmax")]
    )
    model.compile("sgd", "categorical_crossentropy")
    x, y = rng.normal(size=(4, 6)), np.eye(4)
    loss = loss_of(model, x, y)
    assert kink_margin(model, x) > 1e-3
    a = complex_step(loss, model.get_weights())
    b = central_difference(loss, model.get_weights())
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


def test_the_best_step_of_a_difference_is_near_1e_5(batch):
    """Larger steps bend, smaller ones cancel."""
    model = small_nets()[0]
    loss, weights = loss_of(model, *batch), model.get_weights()
    exact = complex_step(loss, weights)
    errors = {
        h: max(
            np.max(np.abs(a - b))
            for a, b in zip(
                central_difference(loss, weights, h), exact, strict=True
            )
        )
        for h in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10)
    }
    assert 1e-6 <= min(errors, key=errors.get) <= 1e-4
    assert errors[1e-2] > 1e3 * errors[1e-5]
    assert errors[1e-10] > 1e3 * errors[1e-5]


@pytest.mark.parametrize("net", range(3))
def test_right_gradients_pass_every_method(net, batch):
    report = check(small_nets()[net], *batch)
    assert report.ok, report
    assert report.cautions == []
    assert report.worst.error < 1e-6
    text = str(report)
    assert "dense_2/bias" in text
    assert "!" not in text


def test_checking_changes_no_weight_and_no_gradient(batch):
    model = small_nets()[1]
    weights, gradients = model.get_weights(), model.gradients(*batch)
    own = [id(w) for w in model.weights]
    check(model, *batch)
    assert [id(w) for w in model.weights] == own
    for a, b in zip(weights, model.get_weights(), strict=True):
        assert np.array_equal(a, b)
    for a, b in zip(gradients, model.gradients(*batch), strict=True):
        assert np.array_equal(a, b)


def test_a_part_of_the_entries_is_enough_for_a_large_net(batch):
    model = small_nets()[0]
    loss, weights = loss_of(model, *batch), model.get_weights()
    part = complex_step(loss, weights, entries=5)
    whole = complex_step(loss, weights)
    for a, b in zip(part, whole, strict=True):
        taken = ~np.isnan(a)
        assert taken.sum() == min(5, a.size)
        assert np.array_equal(a[taken], b[taken])


def test_float32_is_refused_with_the_reason(batch):
    config.set_floatx("float32")
    model = small_nets()[0]
    for method in (complex_step, central_difference):
        with pytest.raises(ValueError, match=r"float64, got float32, whose r"):
            method(loss_of(model, *batch), model.get_weights())
    with pytest.raises(ValueError, match="float64"):
        check(model, *batch)


def test_a_model_that_is_not_compiled_is_refused(batch):
    model = Sequential([Input((3, 2)), layers.Flatten(), layers.Dense(4)])
    with pytest.raises(RuntimeError, match=r"call compile\("):
        check(model, *batch)


class TestCautions:
    """What would hide a mistake is said in a sentence."""

    def test_one_sample(self, batch):
        [said] = cautions(small_nets()[0], batch[0][:1], batch[1][:1])
        assert "one sample cannot show a missing 1/B" in said

    def test_constant_pixels(self, batch):
        batch[0][:, 0] = 0
        [said] = cautions(small_nets()[0], *batch)
        assert said.startswith("2 of 6 inputs are 0 in every sample")

    def test_dead_layer(self, batch):
        model = small_nets()[1]
        model.layers[1].bias[:] = -100
        said = cautions(model, *batch)
        assert any("every gradient of dense is 0" in line for line in said)

    def test_near_a_kink(self, batch):
        model = small_nets()[1]
        z = model.layers[1]
        _, values, _ = z.forward(batch[0].reshape(5, 6))
        z.bias[0] -= values[0, 0] - 1e-6  # 1e-6 from the kink of that unit
        [said] = cautions(model, *batch)
        assert "1e-06 from its kink" in said


# Two need a test of their own: no z is exactly 0 here, and what accumulates
# is right the first time.
GRADIENTS = [
    entry
    for entry in MISTAKES.values()
    if entry.kind == "gradients"
    and entry.title not in ("relu_slope_1_at_0", "gradients_accumulate")
]


def test_each_layer_is_measured_by_its_own_gradients():
    """Large gradients of one layer do not excuse those of another."""
    rng = np.random.default_rng(4)
    names = ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"]
    sizes = (1e-6, 1e-6, 1.0, 1.0)
    right = [s * rng.uniform(0.5, 1, (3, 2)) for s in sizes]
    for i, size in enumerate(sizes):
        wrong = [array.copy() for array in right]
        wrong[i][1, 1] += 1e-5 * size
        found = compare(wrong, right, names, 1e-6)
        assert [comparison.ok for comparison in found] == [
            number != i for number in range(4)
        ]
        assert found[i].error == pytest.approx(1e-5, rel=1)


@pytest.mark.parametrize("entry", GRADIENTS, ids=lambda m: m.title)
def test_every_wrong_gradient_is_caught_and_named(entry, batch):
    """By the complex step; and the diagnosis finds it in the gallery."""
    caught = False
    for model in small_nets():
        right = complex_step(loss_of(model, *batch), model.get_weights())
        with planted(entry):
            report = check(model, *batch)
            wrong = model.gradients(*batch)
        if not report.ok:
            caught = True
            assert "complex step" in report.caught_by
            said = diagnose(model, *batch, wrong, right)
            assert entry.slip in said, said
    assert caught


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (4, "4 times as large as it should be: the mean over the O outputs "),
        (5, "5 times as large as it should be: the mean over the B samples "),
        (20, "20 times as large as it should be: both means are missing"),
        (-1, "-1 times as large as it should be: the sign is wrong"),
        (0.5, "0.5 times as large as it should be: the 2 of the square is l"),
        (1.7, "every entry is 1.7 times as large as it should be"),
    ],
)
def test_a_constant_ratio_is_named(factor, said, batch):
    model = small_nets()[0]
    right = complex_step(loss_of(model, *batch), model.get_weights())
    wrong = [factor * g for g in right]
    assert said in diagnose(model, *batch, wrong, right)


def test_where_the_code_is_broken_the_gallery_keeps_silent(batch):
    """Mistakes that change nothing must not be taken for the slip."""
    model = small_nets()[1]
    with planted(MISTAKES["softmax_diagonal"]):
        wrong = model.gradients(*batch)
        right = complex_step(loss_of(model, *batch), model.get_weights())
        said = diagnose(model, *batch, wrong, right)
    assert said.startswith("wrong in dense/kernel, dense/bias, dense_1/")
    assert said.endswith("look at the output layer first, [8] and [3]")


def test_an_unknown_slip_is_located(batch):
    model = small_nets()[0]
    right = complex_step(loss_of(model, *batch), model.get_weights())
    hidden = [right[0] ** 2, *right[1:]]
    said = diagnose(model, *batch, hidden, right)
    assert said.startswith("wrong in dense/kernel; dense_2 is right")
    assert diagnose(model, *batch, right, right) == "the gradients are right"


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


def test_the_command_checks_both_nets():
    done = run("numpy_net.gradient_check")
    assert done.returncode == 0, done.stderr
    assert "assignment_net: mean_squared_error, 23,860 weights" in done.stdout
    assert "custom_net: mean_squared_error" in done.stdout
    assert done.stdout.splitlines()[-1] == (
        "Every gradient is that of the loss, to rounding."
    )
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_command_plants_and_names_a_mistake():
    done = run("tests.mistakes", "mse_without_mean_over_outputs")
    assert done.returncode == 0, done.stderr
    assert "caught by: complex step, random directions" in done.stdout
    assert (
        "diagnosis: every entry is 4 times as large as it should be: the "
        "mean over the O outputs is missing"
    ) in done.stdout


def test_the_command_says_where_no_gradient_check_can_help():
    done = run("tests.mistakes", "last_batch_dropped")
    assert done.returncode == 0, done.stderr
    assert "No gradient check sees it" in done.stdout
    assert "--plant last_batch_dropped" in done.stdout


def test_the_command_lists_the_gallery():
    listed = run("tests.mistakes", "--list").stdout
    assert all(f"  {name} " in listed for name in MISTAKES)
