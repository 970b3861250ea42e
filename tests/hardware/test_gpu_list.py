"""``--gpus``: which devices a list means, and what is no list."""

from __future__ import annotations

import pytest

from srtui.errors import MachineError, UsageError
from srtui.hardware.gpu_list import devices_of


def count() -> int:
    return 3


def never() -> int:
    raise AssertionError("asked for GPUs")


@pytest.mark.parametrize(
    ("text", "devices"),
    [
        ("0,1", ("cuda:0", "cuda:1")),
        (" 2, 0 ", ("cuda:2", "cuda:0")),
        ("1", ("cuda:1",)),
        ("all", ("cuda:0", "cuda:1", "cuda:2")),
    ],
)
def test_a_list_means_devices(text: str, devices: tuple[str, ...]) -> None:
    assert devices_of(text, count) == devices


def test_no_gpu_is_asked_for_where_none_is_meant() -> None:
    assert devices_of("", never) == ()
    assert devices_of("cpu,cpu", never) == ("cpu", "cpu")


@pytest.mark.parametrize("text", ["0;1", "0,,1", "cuda:0", "cpu,0", "-1", "0,1,", "٣"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a list of GPUs"):
        devices_of(text, never)


def test_a_gpu_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="'0,1,00' names a GPU twice"):
        devices_of("0,1,00", never)


def test_a_gpu_that_is_not_there_is_named() -> None:
    with pytest.raises(MachineError) as caught:
        devices_of("1,5,7", count)
    assert caught.value.fact == "no GPU 5, 7: torch sees 3 GPUs, 0 to 2"
    with pytest.raises(MachineError, match="torch sees 0 GPUs"):
        devices_of("all", lambda: 0)
