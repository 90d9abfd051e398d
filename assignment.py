# %% [markdown]
# # The assignment, from the data to the comparison
#
# A dense network in NumPy and the same in Keras, a better one in both,
# boosted trees, and a table. `# %%` begins a cell: VS Code, Spyder and
# PyCharm run one at a time, Jupytext makes a notebook of them. Or run all:
#
#     .venv/bin/python assignment.py
#     .venv/bin/python assignment.py --samples 6000 --epochs 1
#
# **The seconds are those of a single run**, with all else that the computer
# was doing. `make bench` is how they are measured properly: in turns, in
# processes of their own, and without the validation, which is in them here.

# %% Set-up
import os
import sys
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import f1_score

from benchmarks.cli import Parser, whole
from benchmarks.data.dataset import CHOICES, load, one_hot
from benchmarks.record.errors import InputError
from benchmarks.record.results import ROOT
from benchmarks.report.table import three_digits
from classical.xgboost_model import assignment_model
from numpy_net import architectures as numpy_nets
from numpy_net import utils

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # warnings are not shown
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # NumPy has no GPU
try:
    from keras_net import architectures as keras_nets
except ImportError as error:
    keras_nets = None
    name = error.name or "tensorflow"
    print(f"Keras is left out: {name} is not installed, or does not load")

NOTEBOOK = hasattr(sys, "ps1")  # someone types, so figures can be shown
if not NOTEBOOK:
    plt.switch_backend("Agg")

# %% Options of the command line
parser = Parser(
    prog="python assignment.py",
    description="the assignment in one run",
    epilog="example: python assignment.py --samples 3000 --epochs 2",
    allow_abbrev=False,
)
parser.add_argument(
    "--samples", type=whole(100, 60_000), help="train on the first so many"
)
parser.add_argument("--epochs", type=whole(1, 1000), help="of every net")
parser.add_argument("--data", choices=CHOICES, default="auto")
parser.add_argument("--out", type=Path, default=ROOT / "results/assignment")
# A notebook is started with arguments of its own, which are unknown here.
options, unknown = parser.parse_known_args()
if unknown and not NOTEBOOK:
    parser.error(f"unrecognized arguments: {' '.join(unknown)}")
epochs = {"epochs": options.epochs} if options.epochs else {}

# %% [markdown]
# ## 1. The data
#
# Training and validation images together; `fit` takes the last sixth of them
# for validation. Pixels from 0 to 1, labels as one-hot rows for the nets.


# %% Four random digits
def show(figure, title):
    """Show the figure in a notebook; a script saves it."""
    figure.suptitle(f"{title}: {data.name}")
    if NOTEBOOK:
        plt.show(block=False)
        return
    name = title.lower().replace(",", "").replace(" ", "-")
    figure.savefig(options.out / f"{name}.png", dpi=150)
    plt.close(figure)
    print(f"-> {options.out / name}.png")


try:
    data = load(options.data).first(options.samples, None)
    if not NOTEBOOK:
        options.out.mkdir(parents=True, exist_ok=True)
except (InputError, OSError) as error:
    parser.error(str(error))
x_train, x_test = data.scaled(data.x_train), data.scaled(data.x_test)
y_train, y_test = one_hot(data.y_train), one_hot(data.y_test)
print(f"{data.name}: {len(x_train)} images to train, {len(x_test)} to test")

figure, axes = plt.subplots(1, 4, figsize=(6.4, 2.2), layout="constrained")
some = np.random.default_rng().choice(len(x_train), 4, replace=False)
for axis, i in zip(axes, some, strict=True):
    axis.imshow(x_train[i], cmap="gray_r")
    axis.set_title(f"label {data.y_train[i]}")
    axis.set_axis_off()
show(figure, "Four random digits")

# %% [markdown]
# ## 2. The assignment's net: 784-30-10
#
# Sigmoid, squared error, an update after every ten samples: in NumPy and in
# Keras. After the import the two are used alike, so one function trains and
# tests either. The seconds are those of a single run: see `make bench`.


# %% Train, time, test
def train(title, model, settings):
    """Train and test a net of either kind."""
    print(f"\n{title}: training")
    start = perf_counter()
    history = model.fit(x_train, y_train, verbose=0, **settings)
    seconds = perf_counter() - start
    show_history(title, history.history)
    loss, _, f1 = model.evaluate(x_test, y_test, verbose=0)
    print(f"test loss {loss:.4f}, macro F1 {f1:.4f}")
    outputs = model.predict(x_test, verbose=0)
    compare(title, outputs.argmax(axis=1), seconds)


def show_history(title, history):
    """Print and draw loss, accuracy and F1, training and validation."""
    shown = {"loss": "loss", "accuracy": "accuracy", "f1_score": "macro F1"}
    names = [part + name for name in shown for part in ("", "val_")]
    columns = zip(*(history[name] for name in names), strict=True)
    print("epoch", *(f"{label:>15}" for label in shown.values()))
    print("     ", *(f"{part:>7}" for part in ("train", "val") * 3))
    for epoch, values in enumerate(columns, start=1):
        print(f"{epoch:5}", *(f"{value:7.4f}" for value in values))
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    for axis, (name, label) in zip(axes, shown.items(), strict=True):
        numbers = range(1, len(history[name]) + 1)
        axis.plot(numbers, history[name], "o-", label="training")
        axis.plot(numbers, history[f"val_{name}"], "s--", label="validation")
        axis.set(xlabel="epoch", ylabel=label)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.legend()
    show(figure, title)


def compare(title, predicted, seconds):
    """Keep a row for the last table: predicted (N,) holds digits."""
    accuracy = np.mean(predicted == data.y_test)
    f1 = f1_score(data.y_test, predicted, average="weighted")
    table[title] = f"{accuracy:13.4f}  {f1:7.4f}  {three_digits(seconds):>16}"


table = {}

# %% The assignment's net in NumPy
utils.set_random_seed(0)
numpy_model = numpy_nets.assignment_net()
first_weights = numpy_model.get_weights()
settings = numpy_nets.ASSIGNMENT_FIT | epochs
train("NumPy, assignment net", numpy_model, settings)

# %% [markdown]
# Keras begins with the same weights. It draws its own order of the samples,
# so the curves are alike, not equal. (Given one order they are equal: see
# `tests/test_keras_agreement.py`.) It is not seeded here, because a seeded
# Keras repeats one order in every epoch.

# %% The assignment's net in Keras
if keras_nets:
    keras_model = keras_nets.assignment_net()
    keras_model.set_weights(first_weights)
    train("Keras, assignment net", keras_model, settings)

# %% [markdown]
# ## 3. The custom net: 784-200-50-20-10
#
# Relu and softmax, deeper, trained for longer. Does the validation loss still
# fall at the end, or does the net begin to learn the training images by heart?
# The seconds are again those of a single run: see `make bench`.

# %% The custom net in NumPy
numpy_custom = numpy_nets.custom_net()
first_weights = numpy_custom.get_weights()
settings = numpy_nets.CUSTOM_FIT | epochs
train("NumPy, custom net", numpy_custom, settings)

# %% The custom net in Keras
if keras_nets:
    keras_custom = keras_nets.custom_net()
    keras_custom.set_weights(first_weights)
    train("Keras, custom net", keras_custom, settings)

# %% [markdown]
# ## 4. A classical model: XGBoost
#
# It needs no validation, so it learns from those images, too. Its labels are
# numbers from 0 to 9. The seconds are those of a single run: see `make bench`.

# %% Boosted trees
print("\nXGBoost: training")
trees = assignment_model()
start = perf_counter()
trees.fit(x_train.reshape(len(x_train), -1), data.y_train)
seconds = perf_counter() - start
compare("XGBoost", trees.predict(x_test.reshape(len(x_test), -1)), seconds)

# %% [markdown]
# ## 5. The comparison
#
# Accuracy, and F1 weighted by class, on test images that no model has seen.
# The seconds are those of a single run each, so form no ratio of them: `make
# bench` measures properly, and says what the figures can tell.

# %% The table
print(f"\n{data.name}; seconds of a single run, see `make bench`")
print(f"{'model':<22}  test accuracy  test F1  training seconds")
for title, row in table.items():
    print(f"{title:<22}  {row}")
