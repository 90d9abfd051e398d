"""The nets of the study are trained as their variants say, and end."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.measure import study
from benchmarks.record.folder import SHARED, tidy
from benchmarks.rows.study import ASSIGNMENT, CUSTOM, Variant
from numpy_net import architectures, utils
from tests.benchmarks.jobs import some_samples
from tests.benchmarks.processes import ROOT, alive, assert_gone


@pytest.fixture
def small(rng):
    samples, test = (some_samples(rng, n, "float32") for n in (60, 20))
    return samples, (test.x, test.y.argmax(axis=1))


@pytest.mark.parametrize(
    ("variant", "make"),
    [
        (ASSIGNMENT, architectures.assignment_net),
        (CUSTOM, architectures.custom_net),
    ],
)
def test_the_two_ends_are_the_assignments_nets(variant, make):
    """Same layers, loss and rate, and from one seed the same weights."""
    utils.set_random_seed(3)
    ours = study.make_net(variant)
    utils.set_random_seed(3)
    theirs = make()
    assert [type(a) for a in ours.layers] == [type(b) for b in theirs.layers]
    for a, b in zip(ours.layers, theirs.layers, strict=True):
        assert getattr(a, "activation", 0) is getattr(b, "activation", 0)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert ours.optimizer.learning_rate == theirs.optimizer.learning_rate
    assert type(ours.loss) is type(theirs.loss)


def test_l2_is_on_every_kernel_and_not_in_the_judged_loss(small):
    samples, _ = small
    variant = Variant((5,), "relu", "softmax", 0.1, l2=0.5)
    model = study.make_net(variant)
    dense = [layer for layer in model.layers if hasattr(layer, "kernel")]
    assert [layer.kernel_regularizer.l2 for layer in dense] == [0.5, 0.5]
    judged = study.judge(model, model.get_weights(), samples)
    error = np.mean((model.predict(samples.x_val) - samples.y_val) ** 2)
    assert judged.val_loss == pytest.approx(error, rel=1e-6)
    with_l2 = model.evaluate(samples.x_val, samples.y_val)[0]
    assert with_l2 > judged.val_loss + 0.1


def test_a_variant_trains_as_fit_does(small):
    samples, test = small
    variant = Variant((7,), "tanh", "softmax", 0.3, epochs=2, seed=4)
    studied = study.train(variant, samples, *test)
    utils.set_random_seed(4)
    model = study.make_net(variant)
    model.fit(samples.x, samples.y, 10, 2)
    assert studied.status == "ok"
    assert len(studied.epochs) == 2
    last = studied.epochs[-1]
    x, y, x_val, y_val = samples
    parts = {"train": (x[:20], y[:20]), "val": (x_val, y_val)}
    for part, (images, labels) in parts.items():
        names = [f"{part}_{name}" for name in ("loss", "accuracy", "f1_macro")]
        scores = [getattr(last, name) for name in names]
        evaluated = model.evaluate(images, labels)
        assert scores == pytest.approx(evaluated, rel=1e-5)
    assert studied.parameters == 784 * 7 + 7 + 70 + 10
    right = model.predict(test[0]).argmax(axis=1) == test[1]
    assert studied.test.accuracy == pytest.approx(right.mean())


def test_one_that_diverges_says_so_and_the_others_finish(small):
    samples, test = small
    wild = Variant((7,), "linear", "linear", 1e6)
    tame = Variant((7,), "relu", "softmax", 0.1, epochs=1)
    with study.processes(2):
        studied = {
            net.key: net
            for net in study.train_all([wild, tame], samples, test)
        }
    assert studied[wild.key].status == "diverged"
    assert "learning_rate" in studied[wild.key].message
    alone = study.train(tame, samples, *test)
    assert studied[tame.key] == alone, "in a process of its own as here"


STUDY = """
import sys
from msgspec.structs import replace
import numpy as np
from benchmarks.data.dataset import Samples
from benchmarks.measure import study
from benchmarks.rows.study import ASSIGNMENT
x, y = np.zeros((600, 28, 28), "float32"), np.eye(10)[np.arange(600) % 10]
nets = [replace(ASSIGNMENT, seed=n, epochs=99_999) for n in range(2)]
nets.append(replace(ASSIGNMENT, epochs=1))
samples, test = Samples(x, y, x[:9], y[:9]), (x, np.arange(600) % 10)
with study.processes(2, sys.argv[1]):
    for studied in study.train_all(nets[::-1], samples, test):
        print(studied.status, flush=True)
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc")
def test_nets_in_training_end_with_the_worker_that_was_killed(tmp_path):
    """And the images that they share do not stay in memory."""
    mark = f"MARK={tmp_path}"
    process = subprocess.Popen(
        [sys.executable, "-c", STUDY, str(tmp_path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"MARK": str(tmp_path)},
        cwd=ROOT,
    )
    with process:
        assert process.stdout.readline() == b"ok\n"
        assert len(alive(mark)) > 2
        assert list(tmp_path.glob(SHARED))
        process.kill()
        assert_gone(mark)
    tidy(tmp_path)
    assert not list(tmp_path.iterdir())
