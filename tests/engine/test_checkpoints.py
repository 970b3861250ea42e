"""Checkpoints: whole or absent, exact, pruned, and never trusted."""

from __future__ import annotations

import io
import pickle
import resource
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from srtui.engine import checkpoints
from srtui.engine.checkpoints import Checkpoint, load_newest, prune, save
from srtui.errors import SrtuiError, UsageError

METADATA = {"format": "test"}


def checkpoint(iteration: int, **state: Any) -> Checkpoint:
    torch.manual_seed(iteration)
    net = {
        "body.0.weight": torch.randn(4, 3, 3, 3).to(memory_format=torch.channels_last),
        "body.0.bias": torch.randn(4),
    }
    ema = {key: value + 1 for key, value in net.items()}
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(3))]).state_dict()
    return Checkpoint(
        iteration=iteration, net=net, ema=ema, state={"optimizer": optimizer, "rng": torch.get_rng_state(), **state}
    )


def no_alarm(text: str) -> None:
    raise AssertionError(text)


def assert_equal(left: Checkpoint, right: Checkpoint) -> None:
    assert left.iteration == right.iteration
    for mine, theirs in ((left.net, right.net), (left.ema, right.ema)):
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[key], theirs[key]) for key in mine)
    assert torch.equal(left.state["rng"], right.state["rng"])
    assert left.state["optimizer"] == right.state["optimizer"]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def flip_a_bit(path: Path, at: float = 0.5) -> None:
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 1
    path.write_bytes(content)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    written = checkpoint(120, best={"iteration": 100, "psnr_y": 25.5}, smoothed=0.125)
    folder = save(tmp_path / "with spaces и кириллица", written, METADATA)
    loaded = load_newest(folder.parent, no_alarm)
    assert loaded is not None
    assert_equal(loaded, written)
    assert loaded.state["best"] == {"iteration": 100, "psnr_y": 25.5}
    assert loaded.state["smoothed"] == 0.125
    assert sorted(path.name for path in folder.iterdir()) == ["ema.safetensors", "net.safetensors", "state.pt"]


def test_nothing_saved_is_nothing_loaded(tmp_path: Path) -> None:
    assert load_newest(tmp_path / "absent", no_alarm) is None


def test_the_last_three_and_the_best_are_kept(tmp_path: Path) -> None:
    for iteration in (5, 10, 15, 20, 100):
        save(tmp_path, checkpoint(iteration), METADATA)
        prune(tmp_path, {10, None})
    assert checkpoints.iterations(tmp_path) == [10, 15, 20, 100]


def test_a_half_written_one_is_ignored_and_removed(tmp_path: Path) -> None:
    save(tmp_path, checkpoint(1), METADATA)
    part = tmp_path / ".2.part"
    part.mkdir()
    (part / "net.safetensors").write_bytes(b"half")
    loaded = load_newest(tmp_path, no_alarm)
    assert loaded is not None
    assert loaded.iteration == 1
    assert not part.exists()


@pytest.mark.parametrize("name", ["net.safetensors", "ema.safetensors", "state.pt"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_one_gives_way_to_the_one_before(tmp_path: Path, name: str, damage: str) -> None:
    for iteration in (1, 2):
        save(tmp_path, checkpoint(iteration), METADATA)
    path = tmp_path / "2" / name
    if damage == "flip":
        flip_a_bit(path)
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    else:
        path.unlink()
    alarms: list[str] = []
    loaded = load_newest(tmp_path, alarms.append)
    assert loaded is not None
    assert loaded.iteration == 1
    (alarm,) = alarms
    assert "checkpoint 2" in alarm
    assert name in alarm


def test_a_damaged_one_is_replaced_when_the_run_comes_by_again(tmp_path: Path) -> None:
    save(tmp_path, checkpoint(1), METADATA)
    flip_a_bit(tmp_path / "1" / "state.pt")
    save(tmp_path, checkpoint(1), METADATA)
    loaded = load_newest(tmp_path, no_alarm)
    assert loaded is not None
    assert_equal(loaded, checkpoint(1))


def test_all_damaged_is_an_error(tmp_path: Path) -> None:
    save(tmp_path, checkpoint(1), METADATA)
    flip_a_bit(tmp_path / "1" / "net.safetensors")
    with pytest.raises(SrtuiError, match="none of 1 can be used"):
        load_newest(tmp_path, lambda _: None)


@pytest.mark.exhaustive
def test_no_flipped_bit_of_state_goes_unnoticed(tmp_path: Path) -> None:
    path = save(tmp_path, checkpoint(1), METADATA) / "state.pt"
    whole = path.read_bytes()
    for position in range(len(whole)):
        content = bytearray(whole)
        content[position] ^= 128
        path.write_bytes(content)
        try:
            loaded = load_newest(tmp_path, lambda _: None)
        except SrtuiError as error:
            assert "none of 1 can be used" in str(error)  # noqa: PT017 - either outcome is right, a third is not
        else:
            assert loaded is not None
            assert_equal(loaded, checkpoint(1))  # the flip hit padding


def test_a_full_disk_leaves_the_previous_one_and_no_rubbish(tmp_path: Path) -> None:
    save(tmp_path, checkpoint(1), METADATA)
    with largest_file(2000), pytest.raises(OSError, match="File too large"):
        save(tmp_path, checkpoint(2), METADATA)
    assert [path.name for path in tmp_path.iterdir()] == ["1"]
    loaded = load_newest(tmp_path, no_alarm)
    assert loaded is not None
    assert_equal(loaded, checkpoint(1))


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_a_pickle_that_would_run_code_is_refused_and_not_run(tmp_path: Path) -> None:
    path = save(tmp_path / "checkpoints", checkpoint(1), METADATA) / "state.pt"
    trace = tmp_path / "it-ran"
    torch.save({"version": 1, "optimizer": Bomb(trace)}, path)
    with pytest.raises(SrtuiError, match="could run code"):
        load_newest(tmp_path / "checkpoints", no_alarm)
    assert not trace.exists()
    path.write_bytes(pickle.dumps(Bomb(trace)))  # a bare pickle is no checkpoint at all
    with pytest.raises(SrtuiError, match="none of 1 can be used"):
        load_newest(tmp_path / "checkpoints", lambda _: None)
    assert not trace.exists()


def test_the_bomb_works(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(tmp_path / "it-ran")))
    assert (tmp_path / "it-ran").exists()


@pytest.mark.parametrize("version", [checkpoints.VERSION + 1, "2", None])
def test_a_newer_format_is_refused_by_name(tmp_path: Path, version: object) -> None:
    for iteration in (1, 2):
        save(tmp_path, checkpoint(iteration), METADATA)
    path = tmp_path / "2" / "state.pt"
    torch.save({**torch.load(path, weights_only=True), "version": version}, path)
    with pytest.raises(UsageError, match=f"format {version}, this srtui reads up to 1"):
        load_newest(tmp_path, no_alarm)


def test_a_zip_that_is_no_checkpoint_is_damaged_not_fatal(tmp_path: Path) -> None:
    for iteration in (1, 2):
        save(tmp_path, checkpoint(iteration), METADATA)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("hello", "world")
    (tmp_path / "2" / "state.pt").write_bytes(buffer.getvalue())
    loaded = load_newest(tmp_path, lambda _: None)
    assert loaded is not None
    assert loaded.iteration == 1
