"""Lines between ranks: messages arrive, and so does the news of whoever is gone, and why."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from srtui.engine.ranks import lines as module
from srtui.engine.ranks.lines import Line, Lines, Owner, RankLostError
from srtui.errors import SrtuiError
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.folder import create

PATIENCE = 10.0


@dataclass
class End:
    """One end of a line, as a process would hold it."""

    job: JobContext
    lines: Lines
    connection: socket.socket
    given_up: list[SrtuiError] = field(default_factory=list)


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def make_end(folder: Path, connection: socket.socket, rank: int) -> End:
    job = JobContext(create(folder, "train", {}), resumed=False)
    given_up: list[SrtuiError] = []
    owner = Owner(job=job, blame=lambda line, seen: RankLostError(line.name, seen), give_up=given_up.append)
    return End(job, Lines([Line(connection, rank, f"rank {rank}")], owner), connection, given_up)


@pytest.fixture
def ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[End, End]]:
    """Rank 0's end and rank 1's."""
    monkeypatch.setattr(module, "_GRACE", 0.05)
    left, right = socket.socketpair()
    pair = make_end(tmp_path / "0", left, 1), make_end(tmp_path / "1", right, 0)
    yield pair
    for end in pair:
        end.lines.close()


def test_messages_arrive_whole_and_in_order(ends: tuple[End, End]) -> None:
    lead, other = ends
    large = bytes(range(256)) * 40_000
    lead.lines.send("a", large)
    lead.lines.send("b", b"")
    other.lines.send("c", b"\n\n")
    assert other.lines.receive("a") == [large]
    assert other.lines.receive("b") == [b""]
    assert lead.lines.receive("c") == [b"\n\n"]


def test_ranks_out_of_step_are_an_error_and_no_hang(ends: tuple[End, End]) -> None:
    lead, other = ends
    other.lines.send("gather", b"")
    with pytest.raises(SrtuiError, match="says b'gather' where 'agree' is due"):
        lead.lines.receive("agree")


def test_who_dies_is_noticed_by_whoever_waits(ends: tuple[End, End]) -> None:
    lead, other = ends
    threading.Timer(0.05, lambda: other.connection.shutdown(socket.SHUT_RDWR)).start()
    with pytest.raises(RankLostError) as caught:
        lead.lines.receive("agree")
    assert caught.value.subject == "rank 1"
    assert caught.value.exit_code == 4
    with pytest.raises(RankLostError):
        lead.lines.receive("again")
    with pytest.raises(RankLostError):
        lead.lines.check()


def test_who_does_not_listen_is_ended_from_outside(ends: tuple[End, End]) -> None:
    lead, other = ends
    other.connection.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: lead.given_up)  # the main thread would be inside a collective
    assert lead.given_up == [lead.lines.loss]


def test_a_failure_arrives_in_its_own_words_and_with_its_code(ends: tuple[End, End]) -> None:
    lead, other = ends
    other.lines.fail(3, "error: dataset: not there\n --> /elsewhere")
    with pytest.raises(RankLostError) as caught:
        lead.lines.receive("agree")
    assert str(caught.value) == "error: rank 1: dataset: not there\n --> /elsewhere"
    assert caught.value.exit_code == 3


def test_an_error_of_torch_gives_way_to_the_reason(ends: tuple[End, End]) -> None:
    lead, other = ends
    error = RuntimeError("Connection closed by peer")
    assert lead.lines.explain(error) is error
    other.connection.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: lead.lines.loss)
    assert lead.lines.explain(error) is lead.lines.loss
    mine = SrtuiError("mine", "own")
    assert lead.lines.explain(mine) is mine


@pytest.mark.parametrize("first", [0, 1])
def test_a_signal_anywhere_is_known_everywhere(ends: tuple[End, End], first: int) -> None:
    ends[first].job.interrupt()
    wait_until(lambda: ends[1 - first].job.interrupted)
    assert ends[0].lines.loss is None


def test_a_rank_that_stopped_stops_whoever_waits_for_it(ends: tuple[End, End]) -> None:
    lead, other = ends
    other.job.interrupt()
    other.lines.end()
    with pytest.raises(Stopped):
        lead.lines.receive("agree")


def test_a_rank_that_ends_too_early_is_an_error(ends: tuple[End, End]) -> None:
    lead, other = ends
    other.lines.end()
    with pytest.raises(SrtuiError, match="the end"):
        lead.lines.receive("agree")


def test_rank_0_lets_the_others_go_with_its_code(ends: tuple[End, End]) -> None:
    lead, other = ends
    lead.lines.end(3)
    assert other.lines.wait_for_end() == 3
    other.connection.shutdown(socket.SHUT_RDWR)
    readers = [thread for thread in threading.enumerate() if thread.name == "line to rank 1"]
    wait_until(lambda: not any(thread.is_alive() for thread in readers))
    assert lead.lines.loss is None  # who was let go may hang up


def test_silence_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE", 0.2)
    left, right = socket.socketpair()
    with right:
        end = make_end(tmp_path, left, 1)
        with pytest.raises(RankLostError, match="silent for 0 s"):
            end.lines.receive("agree")
        end.lines.close()


def test_signs_of_life_break_the_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE", 1.0)
    monkeypatch.setattr(module, "BEAT", 0.1)
    left, right = socket.socketpair()
    pair = make_end(tmp_path / "0", left, 1), make_end(tmp_path / "1", right, 0)
    threading.Timer(2.0, lambda: pair[1].lines.send("late", b"here")).start()
    assert pair[0].lines.receive("late") == [b"here"]
    for end in pair:
        end.lines.close()


def test_what_is_no_message_ends_the_line(tmp_path: Path) -> None:
    left, right = socket.socketpair()
    with right:
        end = make_end(tmp_path, left, 1)
        right.sendall(struct.pack("!cQ", b"m", 2**60))
        with pytest.raises(RankLostError, match=f"a message of {2**60} bytes"):
            end.lines.receive("agree")
        end.lines.close()
