"""Which terminals are taken."""

from __future__ import annotations

import pytest

from srtui.app.terminal import check_encoding, plain_glyphs
from srtui.errors import UsageError


@pytest.mark.parametrize(
    "environment",
    [
        {"LANG": "en_US.UTF-8"},
        {"LANG": "C.utf8"},
        {"LC_ALL": "ru_RU.UTF-8", "LANG": "C"},
        {"LANG": "ca_ES.UTF-8@valencia"},
        {"LANG": "C", "LC_CTYPE": "de_DE.UTF-8"},
    ],
)
def test_utf_8_is_taken(environment: dict[str, str]) -> None:
    check_encoding(environment)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "LANG is unset"),
        ({"LANG": "C"}, "LANG is 'C'"),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, "LC_ALL is 'POSIX'"),
        ({"LANG": "ru_RU.KOI8-R"}, "LANG is 'ru_RU.KOI8-R'"),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "LANG is 'C'"),  # Python's own coercion (PEP 538)
    ],
)
def test_other_encodings_are_refused_by_name(environment: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as error:
        check_encoding(environment)
    assert said in str(error.value)
    assert "LC_ALL=C.UTF-8 srtui" in error.value.hint


def test_the_linux_console_gets_plain_signs() -> None:
    assert plain_glyphs({"TERM": "linux"})
    assert not plain_glyphs({"TERM": "tmux-256color"})
