"""The XGBoost rows: training and validation images together, as asked."""

import json
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.measure.job import Array, Job, Trained, flat
from benchmarks.measure.messages import Progress
from benchmarks.record.run import Verified

DEVICES = {"cpu": None, "gpu": "cuda"}  # None: XGBoost's own choice
REPORTED = ("max_bin", "max_depth", "eta", "subsample", "colsample_bytree")


def fit(job: Job) -> Trained:
    """Boosted trees: first a matrix, a byte a pixel; then round by round."""
    with job.phases("import"):
        from classical import xgboost_model
    with job.phases("build"):
        settings = {"constant_pixels": True} | job.row.settings
        all_pixels = settings.pop("constant_pixels")
        make = getattr(xgboost_model, str(job.row.model))
        model = make(job.seed, job.threads, **settings)
        watch = _watch(job, model)
        x, labels = all_images(job)
        kept = (x.min(axis=0) < x.max(axis=0)) | all_pixels
        x = x if all_pixels else x[:, kept]
    start = perf_counter()
    with job.phases("training"):
        model.fit(x, labels)
    begun, first, *_ = watch.moments
    job.phases.split("training", "matrix", begun - start)
    job.phases.split("training", "first step", first - begun)
    return Trained(
        predict=lambda x: model.predict(flat(x)[:, kept]),
        verified=_verified(job, model, x),
        size=len(model.get_booster().save_raw()),
    )


def all_images(job: Job) -> tuple[Array, Array]:
    """Training and validation images (N, 784), and their digits (N,)."""
    samples = job.samples
    x = flat(np.concatenate([samples.x, samples.x_val]))
    y = np.concatenate([samples.y, samples.y_val])
    return x, y.argmax(axis=1)


def _watch(job: Job, model: Any) -> Any:
    """Give a model a callback that keeps when its rounds began and ended."""
    from xgboost.callback import TrainingCallback

    total = model.get_num_boosting_rounds()

    class Watch(TrainingCallback):
        def before_training(self, model: Any) -> Any:
            self.moments = [perf_counter()]
            return model

        def after_iteration(self, model: Any, epoch: int, log: Any) -> bool:
            self.moments.append(perf_counter())
            job.tell(Progress(epoch + 1, total))
            return False

    watch = Watch()
    model.set_params(callbacks=[watch], device=DEVICES[job.device])
    return watch


def _verified(job: Job, model: Any, x: Array) -> Verified:
    """What XGBoost says that it did, defaults included."""
    booster = json.loads(model.get_booster().save_config())["learner"]
    tree = booster["gradient_booster"]
    tree = tree.get("tree_train_param", tree.get("updater", {}))
    settings = {name: str(tree[name]) for name in REPORTED if name in tree}
    return Verified(
        str(x.dtype),
        job.device,
        threads=model.n_jobs,
        settings=settings | {"pixels": str(x.shape[1])},
    )
