"""The wizard in a real pseudo-terminal: first frame, bytes, signals, a lost connection."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from srtui.app.terminal import PATIENCE
from srtui.jobs.folder import JobFolder
from srtui.jobs.lock import holder
from srtui.jobs.status import read_status
from srtui.project.folder import OpenProject

Start = Callable[..., JobFolder]
HEAVY = {"torch", "numba", "cv2", "av", "numpy", "PIL"}


def test_a_lost_connection_ends_the_wizard_and_not_the_job(
    terminal: Any, project: OpenProject, fake_training: Start
) -> None:
    job = fake_training(project)
    wizard = terminal(project.folder)
    wizard.wait_for("Open the live page")
    wizard.press("\r")
    wizard.wait_for("waits for data")
    wizard.hang_up()
    assert wizard.ended() == 0
    before = read_status(job).done
    deadline = time.monotonic() + 10
    while read_status(job).done <= before:
        assert time.monotonic() < deadline, "the job stands still"
        time.sleep(0.05)
    again = terminal(project.folder)
    again.wait_for("Open the live page")
    again.press("\x11")
    again.wait_for("goes on by itself")
    again.press("\r")
    assert again.ended() == 0
    assert holder(job.lock) is not None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_screen_and_ends_with_0(
    terminal: Any, project: OpenProject, number: signal.Signals
) -> None:
    wizard = terminal(project.folder)
    wizard.wait_for("to do")
    os.kill(wizard.pid, number)
    assert wizard.ended() == 0
    wizard.read(0.2)
    assert b"\x1b[?1049l" in wizard.written, "the alternate screen is left"
    assert b"\x1b[?25h" in wizard.written, "the cursor is back"


@pytest.fixture
def strangers_terminal(project: OpenProject) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The wizard in a terminal that does not control it: no signal comes when it closes. Nobody reads it either."""
    master, slave = os.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "srtui"]
    with subprocess.Popen(
        command, cwd=project.folder, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    ) as wizard:
        os.close(slave)
        assert os.read(master, 1), "it opens"
        yield wizard, master
        wizard.kill()


def test_a_terminal_that_vanishes_without_a_signal_is_noticed(
    strangers_terminal: tuple[subprocess.Popen[bytes], int],
) -> None:
    wizard, master = strangers_terminal
    os.close(master)
    assert wizard.wait(10) == 0


def test_a_terminal_that_takes_no_output_cannot_keep_the_wizard(
    strangers_terminal: tuple[subprocess.Popen[bytes], int],
) -> None:
    wizard, master = strangers_terminal
    deadline = time.monotonic() + 20
    while int.from_bytes(fcntl.ioctl(master, termios.FIONREAD, bytes(4)), sys.byteorder) < 2000:
        assert time.monotonic() < deadline, "it writes nothing"
        time.sleep(0.05)
    wizard.terminate()
    assert wizard.wait(PATIENCE + 10) == 0
    os.close(master)


def test_live_training_costs_few_bytes_and_little_memory(
    terminal: Any, project: OpenProject, fake_training: Start
) -> None:
    # Measured on two idle cores: 1.9 kB/s with four readings a second, 73 MB. The budget is 5 kB/s and 80 MB.
    fake_training(project, rate=4.0, first=60_000)
    wizard = terminal(project.folder)
    wizard.wait_for("Open the live page")
    wizard.press("\r")
    wizard.wait_for("waits for data")
    before = 0
    while len(wizard.written) - before > 2000:  # the first frames of the page
        before = len(wizard.written)
        wizard.read(0.7)
    begun, before = time.monotonic(), len(wizard.written)
    wizard.read(3.0)
    assert (len(wizard.written) - before) / (time.monotonic() - begun) < 5000
    process = psutil.Process(wizard.pid)
    assert process.memory_info().rss < 80e6
    assert not any(f"/{name}/" in mapped.path for mapped in process.memory_maps() for name in HEAVY)


def test_keys_of_a_file_are_used_and_the_hint_shows_them(terminal: Any, project: OpenProject, tmp_path: Any) -> None:
    (tmp_path / "srtui").mkdir()
    (tmp_path / "srtui" / "keys.yml").write_text("wizard.jobs: z\n")
    wizard = terminal(project.folder, XDG_CONFIG_HOME=str(tmp_path))
    wizard.wait_for("to do")
    wizard.press("z")
    wizard.wait_for("newest first")


def test_an_ascii_terminal_is_refused_with_the_way_out(terminal: Any, project: OpenProject) -> None:
    wizard = terminal(project.folder, LANG="C")
    assert wizard.ended() == 2
    wizard.read(0.2)
    assert b"needs a terminal with UTF-8" in wizard.written
    assert b"\x1b[?1049h" not in wizard.written


def test_without_colours_there_are_none(terminal: Any, project: OpenProject) -> None:
    wizard = terminal(project.folder, NO_COLOR="1")
    wizard.wait_for("to do")
    wizard.read(0.3)
    colours = re.findall(rb"\x1b\[[\d;]*m", wizard.written)
    codes = {code for sequence in colours for code in sequence[2:-1].split(b";")}
    assert codes <= {b"0", b"1", b"2", b"4", b"7", b"39", b"49"}, codes
    assert b"7" in codes, "the focused button is shown reversed"
