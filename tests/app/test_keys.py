"""Keys that the user moved, and keys that nobody may need."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from textual.binding import Binding

from srtui.app import app, keys
from srtui.app.screens import help as help_screen
from srtui.app.screens import jobs, leave, live, log, welcome, wizard
from srtui.app.screens.hardware import HardwarePage
from srtui.app.widgets.step_list import StepList

OWNERS = [
    app.SrtuiApp,
    HardwarePage,
    StepList,
    *(
        each
        for module in (help_screen, jobs, leave, live, log, welcome, wizard)
        for _, each in inspect.getmembers(module, inspect.isclass)
        if each.__module__ == module.__name__ and "BINDINGS" in vars(each)
    ),
]
TAKEN = {"ctrl+b", "ctrl+a", "ctrl+s", "ctrl+j", "ctrl+p"}
"""tmux, screen, flow control, Enter, and the shells' history."""


def bindings() -> list[Binding]:
    return [binding for owner in OWNERS for binding in vars(owner)["BINDINGS"]]


def test_every_binding_has_a_name_of_its_own() -> None:
    names = [binding.id for binding in bindings()]
    assert all(names)
    assert len(names) == len(set(names))


def test_no_binding_takes_a_key_that_terminals_need() -> None:
    used = {key for binding in bindings() for key in binding.key.split(",")}
    assert not used & TAKEN
    assert "q" not in used


def test_escape_is_never_the_only_key() -> None:
    assert all(binding.key != "escape" for binding in bindings())


def test_keys_are_moved_by_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert keys.read_keymap() == {}
    keys.keymap_file().parent.mkdir()
    keys.keymap_file().write_text("live.stop: f8\nlive.pause: 3\n", encoding="utf-8")
    assert keys.read_keymap() == {"live.stop": "f8"}
    keys.keymap_file().write_text("- [", encoding="utf-8")
    assert keys.read_keymap() == {}
