"""The nets of the questions: one change at a time."""

from itertools import pairwise

import pytest
from msgspec.structs import asdict

from benchmarks.rows import study


def differences(a, b):
    a, b = asdict(a), asdict(b)
    return [name for name in a if a[name] != b[name]]


def test_on_the_path_each_step_changes_one_thing():
    variants = [v for _, v in study.PATH.variants]
    assert variants[0] == study.ASSIGNMENT
    assert variants[-1] == study.CUSTOM
    for before, after in pairwise(variants):
        assert len(differences(before, after)) == 1, (before, after)


@pytest.mark.parametrize("group", study.SWEEPS, ids=lambda g: g.name)
def test_a_sweep_changes_one_setting_of_the_custom_net(group):
    changed = set()
    for _, variant in group.variants:
        changed.update(differences(study.SHORT, variant))
    assert len(changed) == 1
    assert len({v.key for _, v in group.variants}) == len(group.variants)
    assert study.SHORT in [v for _, v in group.variants]


def test_the_longest_are_trained_first():
    """So that at the end no process waits long for another."""
    work = [study._work(v) for v in study.variants("full")]
    assert work == sorted(work, reverse=True)
