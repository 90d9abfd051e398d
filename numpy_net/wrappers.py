"""A model as a scikit-learn estimator.   Keras: keras.wrappers.

This file alone imports scikit-learn; ``import numpy_net`` does without.
"""

from contextlib import nullcontext

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from numpy_net import utils
from numpy_net.activations import softmax
from numpy_net.models import clone_model
from numpy_net.sequential import Sequential

FLOATS = (np.float64, np.float32)  # whole numbers become the first


def _ends_in_softmax(estimator):
    model = getattr(estimator, "model_", estimator.model)
    if not isinstance(model, Sequential):
        return True  # it is made in fit; then it can be told
    return bool(model.layers) and model.layers[-1].activation is softmax


class SKLearnClassifier(ClassifierMixin, BaseEstimator):
    """Any numpy_net model where scikit-learn expects a classifier.

        SKLearnClassifier(custom_net(), fit_kwargs={"epochs": 15})

    model         a compiled Sequential, which is cloned before it is
                  trained and so never changed; or a function of X, y and
                  model_kwargs that returns one. y is one-hot there.
    warm_start    go on from the weights of the fit before; the first fit
                  starts from those of the model that was given
    model_kwargs  further arguments of that function
    fit_kwargs    arguments of Sequential.fit; those given to fit win.
                  The y of validation_data is one-hot, in classes_'s order
    random_state  seed of first weights and order of samples

    X is (N, I); it is reshaped to the model's input_shape, so that a net
    that begins with Flatten takes flat rows. y is (N,), labels of any kind;
    classes_ (C,) are they in order, and the model needs C outputs, one per
    class, also where C = 2.

    A process of joblib's begins with floatx float32: a function that is to
    make float64 says so itself, with config.using; a model keeps its dtype.

    After fit: model_, history_ (a History), classes_, n_features_in_.

    Raises ValueError as scikit-learn's own classifiers do, if there is one
    class only, or if the model has not one output per class; RuntimeError
    if the model is not compiled.
    Keras: keras.wrappers.SKLearnClassifier. Differences: random_state;
    decision_function has scikit-learn's shape, (N,) for two classes;
    predict_proba; warm_start and fit_kwargs survive sklearn.base.clone;
    nothing is printed, unless fit_kwargs has verbose.
    """

    def __init__(
        self,
        model,
        warm_start=False,
        model_kwargs=None,
        fit_kwargs=None,
        random_state=None,
    ):
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs
        self.random_state = random_state

    def fit(self, X, y, **kwargs):
        """Train a copy of the model on X (N, I) and labels y (N,)."""
        X, y = validate_data(self, X, y, dtype=FLOATS)
        check_classification_targets(y)
        classes, labels = np.unique(y, return_inverse=True)
        if len(classes) == 1:
            [one] = classes.tolist()  # not np.str_("a")
            raise ValueError(
                f"y: expected at least 2 classes, got 1 class: {one!r}"
            )
        targets = utils.to_categorical(labels, len(classes))
        with self._seeded():
            model = self._ready_model(X, targets, classes)
            settings = {"verbose": 0, **(self.fit_kwargs or {}), **kwargs}
            self.history_ = model.fit(_shaped(X, model), targets, **settings)
        self.model_, self.classes_ = model, classes
        return self

    def predict(self, X):
        """Return the class of the largest output of each row, (N,)."""
        largest = self._outputs(X).argmax(axis=1)
        return self.classes_[largest]

    def decision_function(self, X):
        """Return the outputs (N, C); a_1 - a_0 (N,) for two classes."""
        a = self._outputs(X)
        return a if len(self.classes_) > 2 else a[:, 1] - a[:, 0]

    @available_if(_ends_in_softmax)
    def predict_proba(self, X):
        """Return the outputs of a softmax, (N, C): each row sums to 1."""
        return self._outputs(X)

    def _outputs(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, dtype=FLOATS, reset=False)
        return self.model_.predict(_shaped(X, self.model_), verbose=0)

    def _seeded(self):
        if self.random_state is None:
            return nullcontext()
        seeds = check_random_state(self.random_state)
        return utils.drawing_from(seeds.randint(np.iinfo(np.int32).max))

    def _ready_model(self, X, targets, classes):
        """The model to train: cloned, built, or that of the fit before."""
        if self.warm_start and hasattr(self, "model_"):
            if not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"warm_start: expected the classes of the fit before, "
                    f"{self.classes_}, got {classes}"
                )
            return self.model_
        model = self.model
        if isinstance(model, Sequential):
            model = clone_model(model)
            if self.warm_start:
                model.set_weights(self.model.get_weights())
        elif callable(model):
            model = model(X=X, y=targets, **(self.model_kwargs or {}))
        if not isinstance(model, Sequential):
            raise ValueError(
                f"model: expected a Sequential of numpy_net or a function "
                f"that returns one, got {model!r}"
            )
        if model.output_shape != (None, len(classes)):
            raise ValueError(
                f"model: expected one output for each of {len(classes)} "
                f"classes, got outputs of shape {model.output_shape[1:]}"
            )
        return model


def _shaped(X, model):
    """X (N, I) as (N, *input_shape), where the sizes allow it."""
    if X.shape[1] != np.prod(model.input_shape[1:]):
        return X  # which the model refuses, naming both shapes
    return X.reshape(len(X), *model.input_shape[1:])
