"""The XGBoost rows: training and validation images together, as asked."""

from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.measure.job import Job, Trained, rows


def fit(job: Job) -> Trained:
    """Boosted trees.

    Its own callbacks tell the making of the matrix (quantiles of every
    pixel, one byte a value) from the first round and the others.
    """
    with job.phases("import"):
        import xgboost

        from classical import xgboost_model

    class Rounds(xgboost.callback.TrainingCallback):
        def before_training(self, model: Any) -> Any:
            self.moments = [perf_counter()]
            return model

        def after_iteration(self, model: Any, epoch: int, log: Any) -> bool:
            self.moments.append(perf_counter())
            job.say({"epoch": epoch + 1, "epochs": total})
            return False

    with job.phases("build"):
        watch = Rounds()
        options = job.contender.options
        make = getattr(xgboost_model, options["model"])
        model = make(
            job.seed,
            job.threads,
            callbacks=[watch],
            **options.get("settings", {}),
        )
        if job.device == "gpu":
            model.set_params(device="cuda")
        total = model.get_num_boosting_rounds()
        x = rows(np.concatenate([job.samples.x, job.samples.x_val]))
        y = np.concatenate([job.samples.y, job.samples.y_val])
        labels = y.argmax(axis=1)
        kept = np.full(x.shape[1], True)
        if options.get("varying"):
            kept = x.min(axis=0) < x.max(axis=0)
            x = x[:, kept]
    start = perf_counter()
    with job.phases("training"):
        model.fit(x, labels)
    matrix = watch.moments[0] - start
    job.phases.split("training", "matrix", matrix)
    job.phases.split(
        "training", "first step", watch.moments[1] - watch.moments[0]
    )
    return Trained(
        predict=lambda x: model.predict(rows(x)[:, kept]),
        size=len(model.get_booster().save_raw()),
        verified={
            "dtype": str(x.dtype),
            "device": job.device,
            "threads": model.n_jobs,
            "settings": _settings(model) | {"pixels": int(kept.sum())},
        },
    )


def _settings(model: Any) -> dict[str, Any]:
    """What XGBoost says that it did, defaults included."""
    import json

    booster = json.loads(model.get_booster().save_config())["learner"]
    tree = booster["gradient_booster"]
    tree = tree.get("tree_train_param", tree.get("updater", {}))
    names = ("max_bin", "max_depth", "eta", "subsample", "colsample_bytree")
    return {name: tree[name] for name in names if name in tree}
