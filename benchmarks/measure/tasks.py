"""What a worker can be asked to do."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from statistics import median
from timeit import Timer
from typing import Any

from benchmarks.data import dataset as data
from benchmarks.data.dataset import Dataset
from benchmarks.measure import (
    added,
    agreement,
    conditions,
    pictures,
    steps,
    study,
    trainers,
)
from benchmarks.measure.clock import Phases
from benchmarks.measure.job import Array, Job, Judge, Trained
from benchmarks.measure.messages import (
    Answer,
    Done,
    Gpus,
    Keep,
    Progress,
    Say,
    Task,
)
from benchmarks.measure.scores import score
from benchmarks.record.record import Comparison, Data, Record
from benchmarks.record.run import Closeness, Run, Training
from benchmarks.rows import study as nets

Tell = Callable[[Answer], None]
NETS = ("assignment_net", "custom_net")
DTYPES = ("float64", "float32")


def find_data(task: Task, tell: Tell, phases: Phases) -> Done:
    """Find the data, draw four random digits, say what they are."""
    dataset = _load(task, tell)
    some = pictures.chosen(dataset, task.seed)
    if task.sums in (None, dataset.sha256):
        path = Path(task.folder) / "figures" / "digits.png"
        pictures.draw_digits(path, dataset, some)
    return Done(
        data=Data(
            choice="mnist" if dataset.is_mnist else "digits",
            name=dataset.name,
            source=dataset.source,
            sha256=dataset.sha256,
            train_images=len(dataset.x_train),
            test_images=len(dataset.x_test),
            digits=dataset.y_train[some].tolist(),
        )
    )


def find_gpus(task: Task, tell: Tell, phases: Phases) -> Done:
    """Which GPU TensorFlow sees, and whether XGBoost was built for one."""
    import tensorflow as tf
    import xgboost

    names = [d.name for d in tf.config.list_physical_devices("GPU")]
    return Done(gpus=Gpus(names, bool(xgboost.build_info().get("USE_CUDA"))))


def try_added(task: Task, tell: Tell, phases: Phases) -> Done:
    """Whether the rows of --add make classifiers: before all else."""
    for row in task.request.rows:
        if row.added:
            added.classifier(row.name)
    return Done()


def compare(task: Task, tell: Tell, phases: Phases) -> Done:
    """The gate's verdicts; trained weights side by side; what was seen."""
    folder = Path(task.folder)
    record, dataset = Record.load(folder), _load(task)
    return Done(
        comparison=Comparison(
            gate=agreement.gates(folder, record),
            weights=agreement.weight_differences(folder, record),
            kernels=pictures.kernels(folder, record),
            digits=pictures.digits(record, dataset),
            disagreements=pictures.disagreements(record, dataset),
        )
    )


def train(task: Task, tell: Tell, phases: Phases) -> Done:
    """Train a row, and judge it on the test images."""
    job, dataset = _job(task, tell, phases)
    trained = trainers.train(job)
    images = dataset.scaled(dataset.x_test)
    with phases("predict"):
        outputs = trained.predict(images)
    conditions.add_threads(trained.verified)
    training = Training(
        samples=len(job.samples.x),
        predict_one=_seconds_for_one(trained.predict, images),
        test=score(dataset.y_test, outputs),
        size_bytes=trained.size,
    )
    if trained.weights is not None:
        _add_net(task, job, trained, training)
    return _done(task, phases, training=training, verified=trained.verified)


def _add_net(
    task: Task, job: Job, trained: Trained, training: Training
) -> None:
    """Judge the weights after each epoch; keep the last, and the gate's."""
    assert trained.clock
    assert trained.weights
    clock, judge, name = trained.clock, Judge(job), job.row.name
    for epoch, weights in zip(clock.epochs, clock.snapshots, strict=True):
        epoch.logs |= judge(weights)
    training.epochs, training.off_clock = clock.epochs, clock.off
    training.updates = trained.updates
    training.samples *= len(clock.epochs)
    training.size_bytes = sum(w.nbytes for w in trained.weights)
    folder = Path(task.folder)
    agreement.save_weights(folder, name, task.round, trained.weights)
    if task.round == 0:
        training.gate = agreement.train_side(folder, job)


def step(task: Task, tell: Tell, phases: Phases) -> Done:
    """The step-cost sweep of one row, and epochs to hold it to."""
    job, _ = _job(task, tell, phases)
    sweep, verified = steps.sweep(job, task.request.quick)
    conditions.add_threads(verified)
    return _done(task, phases, sweep=sweep, verified=verified)


def close(task: Task, tell: Tell, phases: Phases) -> Done:
    """How far NumPy and Keras drift apart; whether the gradients are right.

    Without TensorFlow the NumPy net still has its twin.
    """
    try:
        import keras
        import tensorflow  # noqa: F401  (keras alone imports without it)
    except ImportError:  # not installed, or it does not load
        keras = None
    samples = _load(task).split()
    samples = samples.first(agreement.MOMENTS[-1] * agreement.BATCH_SIZE)
    closeness, total = Closeness([], []), len(NETS) * (len(DTYPES) + 1)
    for net, dtype in product(NETS, DTYPES):
        drift = agreement.drift(samples, net, dtype, keras, task.seed)
        closeness.drift.append(drift)
        tell(Progress(len(closeness.drift), total))
    for n, net in enumerate(NETS, start=len(closeness.drift) + 1):
        closeness.gradients += agreement.gradients(net, task.seed)
        tell(Progress(n, total))
    return _done(task, phases, closeness=closeness)


def train_study(task: Task, tell: Tell, phases: Phases) -> Done:
    """The nets that the questions ask for; each is told when it is ready."""
    dataset = _load(task)
    test = (dataset.scaled(dataset.x_test), dataset.y_test)
    variants = nets.variants(task.request.tier)
    left = [v for v in variants if v.key not in task.studied]
    ready = len(variants) - len(left)
    with study.processes(task.request.threads, task.folder):
        for studied in study.train_all(left, dataset.split(), test):
            ready += 1
            tell(Keep(studied))
            tell(Progress(ready, len(variants)))
    return _done(task, phases)


# By the kind of a task; by the task of its row, if it has one.
TASKS = {
    "data": find_data,
    "gpu": find_gpus,
    "added": try_added,
    "compare": compare,
    "train": train,
    "step": step,
    "drift": close,
    "study": train_study,
}


def _load(task: Task, tell: Tell = lambda answer: None) -> Dataset:
    asked, limits = task.request, task.request.limits
    dataset = data.load(
        asked.data, asked.data_dir, lambda line: tell(Say(line))
    )
    return dataset.first(limits.n_train, limits.n_test)


def _job(task: Task, tell: Tell, phases: Phases) -> tuple[Job, Dataset]:
    assert task.row is not None
    with phases("data"):
        dataset = _load(task)
        samples = dataset.split()
    threads, device = task.request.threads, task.request.device
    job = Job(task.row, samples, task.seed, threads, device, tell, phases)
    return job, dataset


def _done(task: Task, phases: Phases, **parts: Any) -> Done:
    assert task.row is not None
    return Done(run=Run(task.row.name, phases=phases.record, **parts))


def _seconds_for_one(predict: Callable[[Array], Array], x: Array) -> float:
    """Median seconds of the answer for a single image; the first warms up."""
    return median(Timer(lambda: predict(x[:1])).repeat(11, number=1)[1:])
