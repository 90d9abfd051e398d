"""The page without machinery is the same training as fit(batch_size=1)."""

import inspect

import numpy as np

from numpy_net import per_sample
from numpy_net.architectures import assignment_net


def test_per_sample_is_fit_with_batch_size_1(digits):
    x, y = digits
    model = assignment_net()
    weights = model.get_weights()
    logs = [
        per_sample.train_epoch(x.reshape(53, 784), y, weights)
        for _ in range(3)
    ]
    history = model.fit(x, y, batch_size=1, epochs=3, shuffle=False).history
    for mine, its in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, its, rtol=0, atol=1e-14)
    np.testing.assert_allclose(
        logs,
        list(zip(history["loss"], history["accuracy"], strict=True)),
        rtol=1e-13,
    )
    np.testing.assert_allclose(
        per_sample.predict(x.reshape(53, 784), weights),
        model.predict(x),
        rtol=1e-13,
    )


def test_initial_weights_are_glorot_uniform_and_repeat():
    W1, b1, W2, b2 = per_sample.initial_weights(3)
    assert [w.shape for w in (W1, b1, W2, b2)] == [
        w.shape for w in assignment_net().get_weights()
    ]
    assert 0.99 < np.abs(W1).max() / np.sqrt(6 / 814) <= 1
    assert 0.9 < np.abs(W2).max() / np.sqrt(6 / 40) <= 1
    assert not b1.any()
    assert not b2.any()
    assert W1.dtype == "float32"
    assert np.array_equal(W1, per_sample.initial_weights(3)[0])


def test_it_stays_on_one_page():
    lines = inspect.getsource(per_sample).splitlines()
    assert len(lines) <= 80
    assert max(map(len, lines)) <= 79
