"""The packages import what they may, and nothing else."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("numpy_net", {"numpy", "numpy_net"}),
        ("keras_net", {"keras", "tensorflow", "numpy", "keras_net"}),
        ("classical", {"xgboost", "sklearn", "classical"}),
    ],
)
def test_packages_import_only_what_they_may(package, allowed):
    for path in (ROOT / package).rglob("*.py"):
        imported = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {a.name.partition(".")[0] for a in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
        if path.name == "scipy_calls.py":  # the one place for SciPy
            imported -= {"scipy"}
        if path.parts[-2:] == ("saving", "files.py"):  # and for h5py
            imported -= {"h5py"}
        if path.name == "wrappers.py":  # and for scikit-learn
            imported -= {"sklearn"}
        strange = imported - allowed - set(sys.stdlib_module_names)
        assert not strange, f"{path.name} imports {strange}"
