"""A recorded project, the wizard over it, and the wizard in a real pseudo-terminal."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from srtui.app.app import SrtuiApp
from srtui.jobs.folder import JobFolder
from srtui.project.folder import OpenProject

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def recorded() -> ModuleType:
    """docs/make_pictures.py: the project of the pictures is the project of the tests."""
    path = HERE.parents[1] / "docs" / "make_pictures.py"
    spec = importlib.util.spec_from_file_location("make_pictures", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(recorded: ModuleType, tmp_path: Path) -> OpenProject:
    """A project that is prepared and not trained; its path has a space and Cyrillic letters."""
    made: OpenProject = recorded.make_project(tmp_path / "мои кассеты" / "minidv")
    return made


@pytest.fixture
def make_app(recorded: ModuleType) -> Callable[[Path], SrtuiApp]:
    """Opens the wizard over a folder, on a recorded machine."""
    made: Callable[[Path], SrtuiApp] = recorded.make_app
    return made


@pytest.fixture(autouse=True)
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at files more often than over SSH: nobody counts the bytes here."""
    monkeypatch.setattr("srtui.app.screens.live.EVERY", 0.2)
    monkeypatch.setattr("srtui.app.screens.wizard.EVERY", 0.4)


def screen_text(app: SrtuiApp) -> str:
    """What the screen shows, row by row."""
    return "\n".join("".join(part.text for part in strip).rstrip() for strip in app.screen._compositor.render_strips())


async def shown(pilot: Any, words: str, seconds: float = 15.0) -> str:
    """Wait until the screen shows ``words``; gives all of it."""

    def ready() -> str:
        text = screen_text(pilot.app)
        return text if words in text else ""

    return await until(pilot, ready, words, seconds)


async def until(pilot: Any, ready: Callable[[], Any], what: str = "", seconds: float = 15.0) -> Any:
    """Wait until ``ready`` gives something true; gives that."""
    deadline = time.monotonic() + seconds
    while True:
        await pilot.pause(0.05)
        if found := ready():
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"never came: {what}\n{screen_text(pilot.app)}")


async def button(pilot: Any, label: str) -> None:
    """Wait until this button has the focus, so that Enter presses it."""
    await until(pilot, lambda: str(getattr(pilot.app.focused, "label", "")) == f"[ {label} ]", f"focus on {label}")


@pytest.fixture
def see_button() -> Callable[..., Any]:
    """`button`, for tests."""
    return button


@pytest.fixture
def see() -> Callable[..., Any]:
    """`shown`, for tests."""
    return shown


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    """`until`, for tests."""
    return until


@pytest.fixture
def text_of() -> Callable[[SrtuiApp], str]:
    """`screen_text`, for tests."""
    return screen_text


@pytest.fixture
def fake_training(recorded: ModuleType) -> Iterator[Callable[..., JobFolder]]:
    """Starts a training that writes metrics and trains nothing, in a process of its own."""
    running: list[subprocess.Popen[bytes]] = []

    def start(project: OpenProject, rate: float = 5.0, first: int = 0) -> JobFolder:
        job: JobFolder = recorded.make_job(project, "train")
        script = [sys.executable, str(HERE / "fake_training.py"), str(job.path), str(rate), str(first)]
        worker = subprocess.Popen(script)
        running.append(worker)
        deadline = time.monotonic() + 20
        while not job.status.exists():
            assert time.monotonic() < deadline, "the fake training did not start"
            time.sleep(0.02)
        return job

    yield start
    for worker in running:
        worker.terminate()
        worker.wait(10)


class Terminal:
    """The wizard in a pseudo-terminal; everything that it writes is kept."""

    def __init__(self, folder: Path, columns: int, rows: int, environment: dict[str, str]) -> None:
        self.begun = time.perf_counter()
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(sys.executable, [sys.executable, "-m", "srtui"], environment)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.written = bytearray()
        self.code: int | None = None

    def read(self, seconds: float) -> None:
        """Take in what is written for a while; ends early when the other side is closed."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self.master], [], [], min(left, 0.05))[0]:
                continue
            try:
                block = os.read(self.master, 1 << 16)
            except OSError:  # EIO: the other side is closed
                return
            if not block:
                return
            self.written += block

    def wait_for(self, words: str, seconds: float = 30.0) -> float:
        """Read until ``words`` were written since the last call of this; gives seconds since the start."""
        start, deadline = getattr(self, "_seen", 0), time.monotonic() + seconds
        while words.encode() not in self.written[start:]:
            assert time.monotonic() < deadline, f"never came: {words}\n{bytes(self.written[-3000:])!r}"
            self.read(0.05)
        self._seen = self.written.index(words.encode(), start) + len(words.encode())
        return time.perf_counter() - self.begun

    def press(self, keys: str) -> None:
        """Send keys."""
        os.write(self.master, keys.encode())

    def ended(self, seconds: float = 15.0) -> int:
        """Wait for the end; gives the exit code (negative: the signal)."""
        deadline = time.monotonic() + seconds
        while self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            else:
                assert time.monotonic() < deadline, "the wizard did not end"
                if self.master >= 0:
                    self.read(0.05)
                else:
                    time.sleep(0.05)
        return self.code

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        os.close(self.master)
        self.master = -1

    def clean_up(self) -> None:
        """Leave nothing behind."""
        if self.code is None:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
        if self.master >= 0:
            os.close(self.master)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Opens the wizard in a pseudo-terminal."""
    opened: list[Terminal] = []

    def open_terminal(folder: Path, columns: int = 80, rows: int = 24, **extra: str) -> Terminal:
        environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", **extra}
        for name in ("LC_ALL", "COLORTERM", "TMUX", "NO_COLOR"):
            if name not in extra:
                environment.pop(name, None)
        opened.append(Terminal(folder, columns, rows, environment))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.clean_up()
