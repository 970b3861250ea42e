"""Under a launcher: what its environment says, and how ranks find each other without letting strangers in."""

from __future__ import annotations

import json
import socket
import threading
from datetime import timedelta

import pytest
import torch
from torch.distributed import HashStore  # type: ignore[attr-defined] # public, but not in __all__

from srtui.engine.ranks import launcher
from srtui.engine.ranks.launcher import Launch, device_under, launch_of, line_to_rank_0, welcome
from srtui.engine.ranks.lines import Line
from srtui.errors import MachineError, UsageError

TORCHRUN = {
    "RANK": "1",
    "WORLD_SIZE": "3",
    "LOCAL_RANK": "1",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "29500",
}
LAUNCH = Launch(rank=0, count=3, local_rank=0, address="127.0.0.1")


def test_torchruns_environment_is_understood() -> None:
    assert launch_of(TORCHRUN) == Launch(rank=1, count=3, local_rank=1, address="127.0.0.1")


@pytest.mark.parametrize(
    "environment",
    [{}, {"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}, {**TORCHRUN, "RANK": "0", "WORLD_SIZE": "1"}, {"RANK": "0"}],
)
def test_one_rank_needs_no_launcher(environment: dict[str, str]) -> None:
    assert launch_of(environment) is None


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"RANK": "3"}, "3, but WORLD_SIZE is 3"),
        ({"RANK": "one"}, "'one' is not a number"),
        ({"MASTER_PORT": ""}, "MASTER_PORT: not set, but RANK is 1 and WORLD_SIZE 3"),
    ],
)
def test_an_environment_that_makes_no_sense_is_refused_in_words(change: dict[str, str], fact: str) -> None:
    with pytest.raises(UsageError, match=fact):
        launch_of({**TORCHRUN, **change})


@pytest.mark.parametrize(
    ("gpus", "asked", "local", "device"),
    [(0, "auto", 1, "cpu"), (4, "auto", 1, "cuda:1"), (1, "cuda", 1, "cuda:0"), (4, "cpu", 1, "cpu")],
)
def test_the_local_rank_names_the_gpu(
    monkeypatch: pytest.MonkeyPatch, gpus: int, asked: str, local: int, device: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert device_under(Launch(rank=1, count=2, local_rank=local, address=""), asked, "") == device


def test_a_request_for_certain_gpus_contradicts_a_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="gpus 0,1: asked for, but RANK and WORLD_SIZE"):
        device_under(LAUNCH, "auto", "0,1")
    with pytest.raises(UsageError, match="device cuda:1: asked for"):
        device_under(LAUNCH, "cuda:1", "")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(UsageError, match="LOCAL_RANK: not set, and torch sees 2 GPUs"):
        device_under(Launch(rank=0, count=2, address=""), "auto", "")


def store() -> HashStore:
    found = HashStore()
    found.set_timeout(timedelta(seconds=20))
    return found


def test_ranks_find_each_other_and_strangers_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = store()
    monkeypatch.setattr(launcher, "store_of", lambda: shared)
    monkeypatch.setattr(launcher, "_GREETING", 0.5)
    lines: list[Line] = []
    waiting = threading.Thread(target=lambda: lines.extend(welcome(LAUNCH, shared)))
    waiting.start()
    place = json.loads(shared.get("srtui/lines"))
    silent = socket.create_connection(("127.0.0.1", place["port"]))
    stranger = Line(socket.create_connection(("127.0.0.1", place["port"])), 0, "rank 0")
    stranger.say(token="guessed", rank=1, host="elsewhere")
    rude = socket.create_connection(("127.0.0.1", place["port"]))
    rude.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    callers = [line_to_rank_0({**TORCHRUN, "RANK": rank}) for rank in ("2", "1")]
    waiting.join(20)
    assert [line.rank for line in lines] == [1, 2]
    with pytest.raises(OSError, match="closed"):
        stranger.hear()
    lines[0].say(word="for 1")
    assert callers[1].hear() == {"word": "for 1"}
    for each in (silent, rude, stranger, *callers, *lines):
        each.close()


def test_ranks_that_do_not_come_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "PATIENCE", 0.1)
    with pytest.raises(MachineError, match="rank 1, 2 of 3 did not come within 0 s"):
        welcome(LAUNCH, store())


def test_a_rank_0_that_is_gone_is_an_error_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = store()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    shared.set("srtui/lines", json.dumps({"port": port, "token": ""}))
    monkeypatch.setattr(launcher, "store_of", lambda: shared)
    with pytest.raises(MachineError, match=r"rank 0 at 127\.0\.0\.1"):
        line_to_rank_0(TORCHRUN)
