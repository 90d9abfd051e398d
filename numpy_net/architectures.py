"""The assignment's two networks, ready to train.

numpy_net/architectures.py and keras_net/architectures.py are the same
lines but for the import.
"""

from numpy_net import Input, Sequential, layers, metrics, optimizers

ASSIGNMENT_FIT = {"batch_size": 10, "epochs": 5, "validation_split": 1 / 6}
CUSTOM_FIT = {"batch_size": 10, "epochs": 15, "validation_split": 1 / 6}


def assignment_net():
    """784-30-10, sigmoid, squared error: the net to be written by hand."""
    model = Sequential(
        [
            Input((28, 28)),
            layers.Flatten(),
            layers.Dense(30, activation="sigmoid"),
            layers.Dense(10, activation="sigmoid"),
        ]
    )
    model.compile(
        optimizer=optimizers.SGD(learning_rate=0.25),
        loss="mean_squared_error",
        metrics=["accuracy", metrics.F1Score(average="macro")],
    )
    return model


def custom_net():
    """784-200-50-20-10, relu and softmax: the better one."""
    model = Sequential(
        [
            Input((28, 28)),
            layers.Flatten(),
            layers.Dense(200, activation="relu"),
            layers.Dense(50, activation="relu"),
            layers.Dense(20, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=optimizers.SGD(learning_rate=0.1),
        loss="mean_squared_error",
        metrics=["accuracy", metrics.F1Score(average="macro")],
    )
    return model
