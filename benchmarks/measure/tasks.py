"""What a worker can be asked to do; each returns one JSON object."""

import importlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.data import dataset as data
from benchmarks.measure import equivalence, judging, pictures, verify
from benchmarks.measure.phases import Phases
from benchmarks.record import arrays, results
from benchmarks.rows import study
from benchmarks.rows.contenders import Contender, select

Spec = dict[str, Any]
Answer = Callable[[str, Any], None]


def look_for_data(
    spec: Spec, answer: Answer, phases: Phases
) -> dict[str, Any]:
    """Find the data, draw four random digits, say what they are."""
    from benchmarks.report import figures

    dataset = _load(spec, lambda line: answer("say", line))
    chosen = np.random.default_rng(spec["seed"]).choice(
        len(dataset.x_train), 4, replace=False
    )
    if spec["sums"] in (None, dataset.sha256):
        figures.digits(
            Path(spec["folder"]) / "figures",
            dataset.x_train[chosen],
            dataset.y_train[chosen],
            dataset.name,
        )
    return {
        "status": "ok",
        "choice": "mnist" if dataset.is_mnist else "digits",
        "name": dataset.name,
        "source": dataset.source,
        "sha256": dataset.sha256,
        "train_images": len(dataset.x_train),
        "test_images": len(dataset.x_test),
        "digits": dataset.y_train[chosen].tolist(),
    }


def train(spec: Spec, answer: Answer, phases: Phases) -> dict[str, Any]:
    """Train one contender, judge it; then the gate and the sweep, if asked."""
    with phases("import harness"):
        from benchmarks.measure.job import Job, Judge, Samples
    contender = _contender(spec)
    adapter = _adapter(contender)
    with phases("data"):
        dataset = _load(spec, lambda line: None)
        samples = Samples(*data.split(dataset))
    job = Job(
        contender,
        samples,
        spec["seed"],
        spec["threads"],
        spec["device"],
        lambda entry: answer("epoch", entry),
        phases,
        until=spec["until"],
    )
    trained = adapter(job)
    images = dataset.scaled(dataset.x_test)
    with phases("predict"):
        outputs = trained.predict(images)
    clock = trained.clock
    found: dict[str, Any] = {
        "status": "ok",
        "epochs": clock.epochs if clock else [],
        "off_clock": clock.off if clock else 0.0,
        "updates": trained.updates,
        "samples": job.epochs * len(samples.x) if clock else len(samples.x),
        "predict_one": _seconds_for_one(trained.predict, images),
        "verified": trained.verified | verify.machine_side(),
        "size_bytes": _size(trained),
        "test": judging.judge(dataset.y_test, outputs),
    }
    if clock:
        judge = Judge(job)
        for epoch, weights in zip(clock.epochs, clock.snapshots, strict=True):
            epoch |= judge(weights)
        found["samples"] = len(clock.epochs) * len(samples.x)
    if trained.weights is not None:
        save_weights(Path(spec["folder"]), spec, trained.weights)
    if spec["gate"] and trained.weights is not None:
        found["gate"] = _gate(spec, job, adapter)
    return found


def _size(trained: Any) -> int | None:
    """Bytes of the model itself, without the program that runs it."""
    if trained.weights is None:
        return trained.size
    return int(sum(array.nbytes for array in trained.weights))


def step(spec: Spec, answer: Answer, phases: Phases) -> dict[str, Any]:
    """The step-cost sweep of one contender, and epochs to hold it to."""
    from benchmarks.measure import sweep
    from benchmarks.measure.job import Job, Samples

    contender = _contender(spec)
    adapter = _adapter(contender)
    job = Job(
        contender,
        Samples(*data.split(_load(spec, lambda line: None))),
        spec["seed"],
        spec["threads"],
        spec["device"],
        lambda entry: None,
        phases,
        warm=False,
    )
    parts = len(spec["points"]) + 1
    blocks = []
    for number, (units, size) in enumerate(spec["points"], start=1):
        blocks += sweep.blocks(job, adapter, units, size, spec["blocks"])
        answer("epoch", {"epoch": number, "epochs": parts})
    found = sweep.epochs(job, adapter, spec["detailed"])
    found["verified"] |= verify.machine_side()
    return {"status": "ok", "blocks": blocks} | found


def compare(spec: Spec, answer: Answer, phases: Phases) -> dict[str, Any]:
    """The gate's verdicts; trained weights side by side; what was seen."""
    folder = Path(spec["folder"])
    record = results.read(folder)
    dataset = _load(spec, lambda line: None)
    return {
        "status": "ok",
        "gate": equivalence.judge(folder, record),
        "agreement": _agreement(folder, record),
        "kernels": pictures.kernels(folder / "weights", record),
        "pictures": pictures.chosen(record, dataset),
    }


def closeness(spec: Spec, answer: Answer, phases: Phases) -> dict[str, Any]:
    """How far NumPy and Keras drift apart; whether the gradients are right.

    Without TensorFlow the NumPy net still has its twin.
    """
    from benchmarks.measure import closeness as close
    from benchmarks.measure.job import Samples

    try:
        import keras
        import tensorflow  # noqa: F401  (keras alone imports without it)
    except ImportError:  # not installed, or it does not load
        keras = None
    samples = Samples(*data.split(_load(spec, lambda line: None)))
    samples = samples.first(close.MOMENTS[-1] * close.BATCH_SIZE)
    pairs = [(net, dtype) for net in close.NETS for dtype in close.DTYPES]
    parts, found = len(pairs) + len(close.NETS), []
    for net, dtype in pairs:
        found.append(close.drift(samples, net, dtype, keras, spec["seed"]))
        answer("epoch", {"epoch": len(found), "epochs": parts})
    gradients = []
    for number, net in enumerate(close.NETS, start=len(pairs) + 1):
        gradients += close.gradients(net, spec["seed"])
        answer("epoch", {"epoch": number, "epochs": parts})
    return {"status": "ok", "drift": found, "gradients": gradients}


def train_study(spec: Spec, answer: Answer, phases: Phases) -> dict[str, Any]:
    """The nets that the questions ask for; each is told when it is done."""
    from benchmarks.measure import engine, study_runs
    from benchmarks.measure.job import Samples

    dataset = _load(spec, lambda line: None)
    samples = Samples(*data.split(dataset))
    test = (dataset.scaled(dataset.x_test), dataset.y_test)
    wanted = study.variants(spec["tier"])
    left = [v for v in wanted if v.key not in spec["done"]]
    done = len(wanted) - len(left)
    with engine.here(spec["threads"], spec["folder"]):
        for found in study_runs.train_all(left, samples, test, os.getpid()):
            done += 1
            answer("variant", found)
            answer("epoch", {"epoch": done, "epochs": len(wanted)})
    return {"status": "ok"}


def draw(spec: Spec, answer: Answer, phases: Phases) -> dict[str, Any]:
    """Draw what results.json alone can give: the figures and the page."""
    from benchmarks.report import figures, page

    folder = Path(spec["folder"])
    record = results.read(folder)
    figures.draw(folder / "figures", record)
    page.write(folder, record)
    return {"status": "ok"}


def try_added(spec: Spec, answer: Answer, phases: Phases) -> dict[str, Any]:
    """Whether the names of --add make classifiers: before all else."""
    from benchmarks.measure import added

    for name in spec["names"]:
        added.classifier(name, added.factory(name))
    return {"status": "ok"}


def gpu(spec: Spec, answer: Answer, phases: Phases) -> dict[str, Any]:
    """Which GPU TensorFlow sees, and whether XGBoost was built for one."""
    import tensorflow as tf
    import xgboost

    return {
        "status": "ok",
        "tensorflow": [d.name for d in tf.config.list_physical_devices("GPU")],
        "xgboost": bool(xgboost.build_info().get("USE_CUDA")),
    }


TASKS = {
    "data": look_for_data,
    "train": train,
    "step": step,
    "compare": compare,
    "closeness": closeness,
    "study": train_study,
    "draw": draw,
    "gpu": gpu,
    "added": try_added,
}


def _contender(spec: Spec) -> Contender:
    [contender] = select([spec["contender"]])
    return replace(contender, epochs=spec.get("epochs") or contender.epochs)


def _adapter(contender: Contender) -> Callable[..., Any]:
    module, _, function = contender.adapter.partition(".")
    found = importlib.import_module(f"benchmarks.measure.{module}")
    return getattr(found, function)


def _load(spec: Spec, say: Callable[[str], object]) -> data.Dataset:
    dataset = data.load(spec["data"], spec["data_dir"], say)
    return dataset.first(spec["n_train"], spec["n_test"])


def _gate(spec: Spec, job: Any, adapter: Any) -> dict[str, Any]:
    """K updates by the same function, kept for the comparison."""
    small = replace(
        job,
        contender=replace(job.contender, epochs=1),
        samples=job.samples.first(equivalence.UPDATES * job.batch_size),
        say=lambda entry: None,
        phases=Phases(),
        warm=False,
        until=None,
    )
    trained = adapter(small)
    equivalence.save(
        Path(spec["folder"]),
        job.contender.name,
        trained.start,
        trained.weights,
    )
    return {
        "updates": trained.updates,
        "loss": trained.clock.epochs[0]["loss"],
        "learning_rate": trained.verified["learning_rate"],
        "dtype": trained.verified["dtype"],
    }


def save_weights(folder: Path, spec: Spec, weights: list[np.ndarray]) -> None:
    """Write kernel_1, bias_1, ... to weights/<name>-<round>.npz."""
    names = [
        f"{kind}_{layer + 1}"
        for layer in range(len(weights) // 2)
        for kind in ("kernel", "bias")
    ]
    kept: dict[str, Any] = dict(zip(names, weights, strict=True))
    path = _weights_file(folder, spec["contender"], spec["round"])
    with (
        results.replacing(path) as temporary,
        temporary.open("wb") as file,
    ):
        np.savez(file, **kept)


def _weights_file(folder: Path, name: str, number: int) -> Path:
    return folder / "weights" / f"{name}-{number}.npz"


def _seconds_for_one(predict: Any, images: np.ndarray) -> float:
    """Median seconds of the answer for a single image, ten asked."""
    seconds = []
    for n in range(11):
        start = perf_counter()
        predict(images[n : n + 1])
        seconds.append(perf_counter() - start)
    return median(seconds[1:])


def _agreement(folder: Path, record: dict[str, Any]) -> list[dict[str, Any]]:
    """Largest difference of trained weights, of rows that should be equal.

    Of equally long trainings with the same weights and batches; of several
    rounds the largest.
    """
    lengths: dict[tuple[str, int], int] = {
        (run["contender"], run["round"]): len(run["epochs"])
        for run in record["runs"]
        if run["status"] == "ok" and "epochs" in run
    }
    found = []
    for c in select(record["contenders"]):
        numbers = [
            number
            for name, number in lengths
            if name == c.name
            and lengths.get((str(c.same_as), number)) == lengths[name, number]
        ]
        if numbers and c.same_as:
            worst = max(_apart(folder, c.name, c.same_as, n) for n in numbers)
            found.append(
                {"rows": [c.name, c.same_as], "max_weight_difference": worst}
            )
    return found


def _apart(folder: Path, first: str, second: str, number: int) -> float:
    a, b = (
        arrays.read(_weights_file(folder, name, number))
        for name in (first, second)
    )
    return max(float(np.max(np.abs(a[k] - b[k]))) for k in a)
