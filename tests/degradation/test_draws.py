"""Draws depend on the seed and the path of names, on nothing else, and not on the machine."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from srtui.degradation.draws import below, generator, key, words

WORDS = st.integers(0, 2**64 - 1)


def test_draws_are_the_same_on_every_machine() -> None:
    assert key(7, "picture", 0, "a b/ж.png") == 714866027477665623
    assert words(2, 7, "sample", 12) == (7650855554632604884, 11155671978319096015)
    assert generator(7, "step", 1).integers(0, 1000, 4).tolist() == [517, 282, 424, 271]


def test_every_name_of_the_path_matters() -> None:
    paths = [(), ("a",), ("a", "b"), ("ab",), ("a", "b", ""), ("1",), (1,), (1, 0), (-1,), ("a", 1)]
    assert len({key(7, *path) for path in paths} | {key(8, *path) for path in paths}) == 2 * len(paths)


def test_a_key_is_not_the_beginning_of_its_words() -> None:
    assert words(1, 7, "a") == (key(7, "a"),)
    assert words(2, 7, "a")[0] != key(7, "a")


def test_generators_of_one_path_are_alike_and_of_two_are_not() -> None:
    first, again, other = (generator(7, *path).random(1000) for path in (("a",), ("a",), ("b",)))
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.1


@given(WORDS, st.integers(1, 2**40))
def test_below_stays_below(word: int, limit: int) -> None:
    assert 0 <= below(word, limit) < limit


def test_below_reaches_everything_equally_often() -> None:
    counts = np.bincount([below(words(1, 7, number)[0], 5) for number in range(5000)], minlength=5)
    assert counts.min() > 900
