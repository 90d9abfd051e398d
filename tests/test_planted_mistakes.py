"""Every mistake of the gallery turns a test red; right code turns none."""

import json

from tests import kill_matrix
from tests.mistakes import MISTAKES, planted


def matrix():
    return json.loads(kill_matrix.MATRIX.read_text(encoding="utf-8"))


def test_every_mistake_is_caught_by_a_test_today():
    """Its first recorded test is run with it planted, and must fail."""
    done = kill_matrix.verify()
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_the_matrix_knows_every_mistake():
    """After a change: python -m tests.kill_matrix."""
    assert list(matrix()) == list(MISTAKES)
    assert all(matrix().values())
    assert len(MISTAKES) >= 30


def test_the_page_is_made_from_gallery_and_matrix():
    """After a change: python -m tests.kill_matrix."""
    text = kill_matrix.PAGE.read_text(encoding="utf-8")
    assert text == kill_matrix.page(matrix())


def test_every_mistake_tells_its_story():
    for entry in MISTAKES.values():
        assert entry.kind in kill_matrix.KINDS
        for text in (entry.slip, entry.seen, entry.effect):
            assert 3 < len(text) < 90, f"{entry.title}: {text}"
            assert not text.endswith(".")


def test_planting_ends_even_after_an_error():
    for entry in MISTAKES.values():
        owner = entry.owner
        table = owner if isinstance(owner, dict) else vars(owner)
        right = table[entry.name]
        try:
            with planted(entry):
                assert table[entry.name] is entry.wrong
                raise KeyError("an error in between")
        except KeyError:
            pass
        assert table[entry.name] is right
