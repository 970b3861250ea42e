"""How busy the machine is."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srtui.hardware import gauges
from srtui.hardware.gauges import Gauges, GpuGauge, Meter


class FakeNvml:
    """Two cards; the second knows nothing but its name."""

    NVML_TEMPERATURE_GPU = 0

    class NVMLError(Exception):
        pass

    def __init__(self) -> None:
        self.opened = 0

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's own name
        self.opened += 1

    def nvmlShutdown(self) -> None:  # noqa: N802 - NVML's own name
        self.opened -= 1

    def __getattr__(self, name: str) -> Any:
        answers = {
            "nvmlDeviceGetCount": 2,
            "nvmlDeviceGetName": b"Some GPU",
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(used=3, total=8),
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=50),
            "nvmlDeviceGetPowerUsage": 250_000,
            "nvmlDeviceGetTemperature": 64,
            "nvmlDeviceGetComputeRunningProcesses": [SimpleNamespace(pid=77)],
        }
        if name == "nvmlDeviceGetHandleByIndex":
            return lambda index: index

        def answer(*arguments: Any) -> Any:
            if arguments and arguments[0] == 1 and name != "nvmlDeviceGetName":
                raise self.NVMLError
            return answers[name]

        return answer


def test_cards_are_read_and_what_one_does_not_know_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    meter = Meter()
    first, second = meter.read().gpus
    assert first == GpuGauge(
        index=0, name="Some GPU", busy=0.5, memory_used=3, memory_total=8, temperature=64, power=250.0, pids=(77,)
    )
    assert second == GpuGauge(index=1, name="Some GPU")
    assert nvml.opened == 1
    meter.close()
    assert nvml.opened == 0


def test_without_a_driver_there_are_no_cards_and_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = FakeNvml()
    monkeypatch.setattr(nvml, "nvmlInit", lambda: (_ for _ in ()).throw(nvml.NVMLError()))
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    found = Meter().read()
    assert found.gpus == ()
    assert found.memory_total > found.memory_used > 0
    assert found.cpu_busy == 0.0, "nothing to compare with yet"


def test_the_processor_is_measured_between_two_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    meter = Meter()
    meter.read()
    sum(range(3_000_000))
    assert 0.0 < meter.read().cpu_busy <= 1.0


def test_a_container_is_measured_by_its_own_limit(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("250000\n")
    assert gauges._memory(tmp_path) == (250_000, 1_000_000)


def test_a_process_is_shown_its_own_cards_where_they_are_known() -> None:
    cards = tuple(GpuGauge(index=index, name="x", pids=(100 + index,)) for index in range(4))
    found = Gauges(cpu_busy=0.0, cores=1, memory_used=1, memory_total=2, gpus=cards)
    assert [card.index for card in found.gpus_of(102)] == [2]
    assert found.gpus_of(None) == cards
