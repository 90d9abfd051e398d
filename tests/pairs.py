"""One net in both libraries, with equal weights, and how it is compared."""

import numpy as np

import numpy_net
from numpy_net import architectures
from tests.tolerances import assert_within


def build(library, inputs, *layers, loss="mean_squared_error", **sgd):
    """A dense net of (units, activation) layers, in numpy_net or Keras."""
    model = library.Sequential(
        [
            library.Input((inputs,)),
            *[library.layers.Dense(*layer) for layer in layers],
        ]
    )
    model.compile(library.optimizers.SGD(**sgd), loss)
    return model


def both(make, weights=None):
    """make(library) for numpy_net and for Keras, with equal weights."""
    import keras

    ours, theirs = make(numpy_net), make(keras)
    ours.set_weights(weights or ours.get_weights())
    theirs.set_weights(ours.get_weights())
    return ours, theirs


BITS = np.array([0, 1, 1, 0, 1, 0, 0, 0, 1, 0, 1, 1, 1, 0, 0, 1.0])


def orders_seen(library, train, epochs=3):
    """The labels of 16 samples in the order of each epoch: "0110...".

    train(model, x, y, epochs=, callbacks=) trains with batches of one. All
    inputs are 0, so the model is a bias b, and with this rate each step
    makes it (b + y) / 2: a register, into which the labels are shifted.
    """
    seen = []

    class Reads(library.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            (bias,) = self.model.get_weights()[1]
            seen.append(f"{int(bias * 2**16):016b}"[::-1])

    model = build(library, 1, (1,), learning_rate=0.25)
    x, y = np.zeros((16, 1)), BITS[:, None]
    train(model, x, y, epochs=epochs, callbacks=[Reads()])
    return seen


def assert_orders_are_new(seen):
    """Each epoch takes every sample once, in an order of its own."""
    assert len(set(seen)) == len(seen), seen
    for order in seen:
        assert order.count("1") == BITS.sum()
        assert order != in_given_order()


def in_given_order():
    return "".join(str(int(bit)) for bit in BITS)


def real_pair(net, loss=None, **sgd):
    """The assignment's or the custom net twice, as it stands.

    With a loss or optimizer settings it is compiled anew, without metrics.
    For Keras the layers then go into a new model: compiled a second time,
    the old one would keep its metrics.
    """
    import keras

    from keras_net import architectures as keras_architectures

    ours = getattr(architectures, net)()
    theirs = getattr(keras_architectures, net)()
    theirs.set_weights(ours.get_weights())
    if loss or sgd:
        loss = loss or "mean_squared_error"
        ours.compile(numpy_net.optimizers.SGD(**sgd), loss)
        theirs = keras.Sequential([keras.Input((28, 28)), *theirs.layers])
        theirs.compile(keras.optimizers.SGD(**sgd), loss)
    return ours, theirs


def learnable_images(rng, samples):
    """Images of ten prototypes under noise: dense, unlike digits.

    No pixel is always 0, so that no kernel row can be wrong unseen.
    """
    labels = rng.integers(0, 10, samples)
    prototypes = rng.uniform(size=(10, 28, 28))
    noise = rng.uniform(size=(samples, 28, 28))
    return 0.5 * prototypes[labels] + 0.5 * noise, np.eye(10)[labels]


def mnist_images(mnist, samples, dtype="float64"):
    """The first training images and their one-hot labels."""
    x = mnist.x_train[:samples].astype(dtype) / mnist.scale
    return x, np.eye(10, dtype=dtype)[mnist.y_train[:samples]]


def parameters(model):
    """The names of get_weights' arrays: "dense/kernel", "dense/bias"."""
    return [
        f"{layer.name}/{parameter}"
        for layer in model.layers
        for parameter in ("kernel", "bias")[: len(layer.weights)]
    ]


def keras_gradients(theirs, x, y):
    """What automatic differentiation says: tf.GradientTape."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = theirs.compute_loss(x=x, y=tf.constant(y), y_pred=theirs(x))
    gradients = tape.gradient(loss, theirs.trainable_variables)
    return float(loss), [gradient.numpy() for gradient in gradients]


def assert_same_gradients(ours, theirs, x, y, dtype="float64"):
    """Loss and every gradient of one batch; returns Keras's gradients."""
    loss, expected = keras_gradients(theirs, x, y)
    got = ours.gradients(x, y)
    assert_within(
        "loss",
        ours.batch_loss(x, y),
        loss,
        equation="[7]" if ours.loss == "mean_squared_error" else "[9]",
        parameter=ours.loss,
        dtype=dtype,
    )
    for name, a, b in zip(parameters(ours), got, expected, strict=True):
        equation = "[4]" if name.endswith("kernel") else "[5]"
        assert_within(
            "gradients", a, b, equation=equation, parameter=name, dtype=dtype
        )
    return expected


def assert_same_weights(row, ours, theirs, dtype="float64"):
    for name, a, b in zip(
        parameters(ours),
        ours.get_weights(),
        theirs.get_weights(),
        strict=True,
    ):
        assert_within(row, a, b, equation="[12]", parameter=name, dtype=dtype)


def assert_same_history(got, expected, dtype="float64"):
    """Every entry of both histories; F1 at its own gate."""
    assert sorted(got) == sorted(expected)
    for name, values in expected.items():
        row = "F1" if "f1" in name else "history"
        gate = "float64" if row == "F1" else dtype
        assert_within(
            row,
            np.array(got[name], gate),
            np.array(values, gate),
            parameter=name,
            dtype=gate,
        )


def keras_steps(theirs, x, y, batch_size):
    """One epoch of Keras's own train_step, compiled as a loop.

    It is what fit calls for each batch, without fit's overhead: a fifth of
    the time. The loop is TensorFlow's own: where autograph cannot translate
    a Python loop, thousands of steps would be traced one by one.
    """
    import tensorflow as tf

    theirs.optimizer.build(theirs.trainable_variables)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch_size)
    count = len(batches)

    @tf.function(autograph=False)
    def train(iterator):
        def step(i):
            theirs.train_step(next(iterator))
            return [i + 1]

        tf.while_loop(lambda i: i < count, step, [tf.constant(0)])

    train(iter(batches))


def largest_moves(before, after):
    """How far the fastest weight of each array has moved."""
    pairs = zip(before, after, strict=True)
    return [float(np.abs(a - b).max()) for a, b in pairs]


def hidden_units_alive(model, x):
    """Whether every hidden unit answers differently to some two samples.

    A dead unit has no gradient, and agrees with any other dead unit.
    """
    for layer in model.layers[:-1]:
        x = layer(x)
        if layer.weights and not (np.ptp(x, axis=0) > 1e-3).all():
            return False
    return True
