"""The parts of ./start that decide by themselves: room on disks, reaching an index, what pip's last words mean."""

from __future__ import annotations

import errno
import http.server
import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from srtui.bootstrap import disk, index, pip, setup
from srtui.bootstrap.screen import Screen, size
from srtui.bootstrap.state import Layout
from srtui.errors import DiskFullError, MachineError

GB = 10**9
VENV, TMP = Path("/home/anna/srtui/.venv"), Path("/tmp")
DEMANDS = [("the environment", VENV, 6 * GB), ("pip's downloads", TMP, 3 * GB)]


def test_disks_are_counted_apart() -> None:
    free = {VENV: 7 * GB, TMP: 1 * GB}
    said = disk.lacking(DEMANDS, device=hash, free=lambda path: free[path])
    assert said == "3.0 GB for pip's downloads in /tmp needed, 1.0 GB free"


def test_one_disk_is_counted_together() -> None:
    said = disk.lacking(DEMANDS, device=lambda path: 1, free=lambda path: 8 * GB)
    assert said == (
        "6.0 GB for the environment in /home/anna/srtui/.venv + 3.0 GB for pip's downloads in /tmp needed, 8.0 GB free"
    )


def test_enough_room_is_no_complaint() -> None:
    assert disk.lacking(DEMANDS, device=lambda path: 1, free=lambda path: 9 * GB) == ""


def test_downloads_move_to_the_systems_folder_when_only_that_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(disk.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(disk, "lacking", lambda demands: "too small" if demands[1][1] != tmp_path else "")
    place = disk.temporary_folder(tmp_path / "venv" / "tmp", tmp_path / "venv", 1, 1)
    assert place.parent == tmp_path
    assert place.is_dir()


def test_files_are_counted_by_what_they_take(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_bytes(b"x" * 100_000)
    assert 100_000 <= disk.folder_size(tmp_path) < 200_000


class Index(http.server.BaseHTTPRequestHandler):
    """An index that has torch, one that has not, and one that does not like HEAD."""

    def do_HEAD(self) -> None:
        code = {"/has/torch/": 200, "/shy/torch/": 405}.get(self.path, 404)
        self.send_response(code)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    thread = threading.Thread(target=service.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{service.server_port}"
    service.shutdown()
    thread.join()
    service.server_close()


def test_an_index_that_answers_is_reachable(server: str) -> None:
    assert index.reachable(f"{server}/has")
    assert index.reachable(f"{server}/shy/")
    assert not index.reachable(f"{server}/other")


def test_a_dead_address_is_not_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert not index.reachable("http://127.0.0.1:9/whl/cpu")


def test_a_silent_name_server_costs_no_more_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    forever = threading.Event()
    monkeypatch.setattr(index, "_head", lambda url, seconds: forever.wait(30))
    assert not index.reachable("https://index.example/whl/cpu", seconds=0.05)
    forever.set()


@pytest.mark.parametrize(
    ("said", "kind", "fact"),
    [
        ("OSError: [Errno 28] No space left on device", DiskFullError, "the disk is full"),
        ("ERROR: Could not install packages due to an OSError: [Errno 122] Disk quota exceeded", DiskFullError, "full"),
        ("Failed to establish a new connection: [Errno -2] Name or service not known", MachineError, "resolved"),
        ("NameResolutionError: Failed to resolve 'index.example'", MachineError, "cannot be resolved"),
        ("Max retries exceeded with url: /simple/torch/ (Caused by NewConnectionError", MachineError, "be reached"),
        ("ConnectTimeoutError(<pip._vendor.urllib3.connection", MachineError, "cannot be reached"),
        ("ProxyError('Cannot connect to proxy.', NewConnectionError", MachineError, "the proxy"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", MachineError, "certificate"),
        ("[Errno 13] Permission denied: '/x'", MachineError, "cannot be written"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", MachineError, "damaged"),
        ("ERROR: No matching distribution found for torch>=2.4", MachineError, "has no PyTorch for Python"),
        ("ERROR: No matching distribution found for av>=14", MachineError, "lacks a package"),
        ("ERROR: ResolutionImpossible: for help visit", MachineError, "contradict"),
        ("Segmentation fault", MachineError, "pip ended with code 1"),
    ],
)
def test_pips_last_words_become_a_fact_and_a_remedy(
    tmp_path: Path, said: str, kind: type[MachineError], fact: str
) -> None:
    log = tmp_path / "torch.log"
    log.write_text(f"Looking in indexes\n{said}\n")
    error = pip.failure(log, 1)
    assert type(error) is kind
    assert fact in error.fact
    assert error.hint
    assert said in str(error)


def test_a_killed_pip_is_blamed_on_memory(tmp_path: Path) -> None:
    log = tmp_path / "torch.log"
    log.write_text("Downloading torch\n")
    assert "memory ran out" in pip.failure(log, -9).fact


def test_half_installed_distributions_are_forgotten(tmp_path: Path) -> None:
    for name, whole in (("whole-1.0", True), ("half-1.0", False)):
        (tmp_path / f"{name}.dist-info").mkdir()
        (tmp_path / f"{name}.dist-info" / "METADATA").touch()
        if whole:
            (tmp_path / f"{name}.dist-info" / "RECORD").touch()
    pip.drop_half_installed(tmp_path)
    assert [folder.name for folder in tmp_path.iterdir()] == ["whole-1.0.dist-info"]


@pytest.mark.parametrize(
    ("number", "words"), [(errno.EROFS, "cannot be written"), (errno.ENOSPC, "full"), (errno.EIO, "Input/output error")]
)
def test_system_errors_become_sentences(tmp_path: Path, number: int, words: str) -> None:
    error = OSError(number, os.strerror(number), str(tmp_path))
    assert words in str(setup.explain(error, Layout(tmp_path)))


def test_away_from_a_terminal_progress_is_a_heartbeat() -> None:
    stream = io.StringIO()
    screen = Screen(stream, heartbeat=1000)
    screen.expect(1)
    screen.begin("PyTorch")
    screen.update("downloading")
    assert stream.getvalue() == ""
    eager = Screen(stream, heartbeat=0)
    eager.expect(1)
    eager.begin("PyTorch")
    eager.update("downloading, 1.2 GB")
    eager.done("installed")
    assert stream.getvalue() == "[1/1] PyTorch: downloading, 1.2 GB\n[1/1] PyTorch: installed (0 s)\n"


def test_sizes_are_for_reading() -> None:
    assert (size(3_140_000_000), size(539_100_000)) == ("3.1 GB", "539 MB")
