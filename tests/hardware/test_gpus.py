"""Reading cards: NVML's answers and refusals, nvidia-smi's text of several ages, the PCI bus."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from srtui.hardware import gpus, nvidia, nvidia_smi

Smi = Callable[[str], None]


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Smi:
    """Puts an nvidia-smi of our own on the PATH; ``$*`` is its command line."""

    def put(script: str) -> None:
        file = tmp_path / "nvidia-smi"
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return put


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without nvidia-smi, NVML or cards on the bus, whatever this one has."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(nvidia, "_NVML", ())
    monkeypatch.setattr(nvidia, "pci_cards", lambda vendor: [])


def test_rows_of_nvidia_smi_become_fields(smi: Smi) -> None:
    smi("echo 'NVIDIA H200, 9.0, [N/A]'")
    assert nvidia_smi.query(["name", "compute_cap", "power.limit"]) == [
        {"name": "NVIDIA H200", "compute_cap": "9.0", "power.limit": None}
    ]


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18", "mismatch"),
        ('echo "NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver."; exit 9', "no driver"),
        ("echo 'No devices were found'; exit 6", "no devices"),
        ("echo 'Field \"compute_cap\" is not a valid field to query.'; exit 2", "unknown field"),
        ("exit 3", "failed"),
    ],
)
def test_troubles_of_nvidia_smi_are_told_apart(smi: Smi, script: str, problem: str) -> None:
    smi(script)
    with pytest.raises(nvidia_smi.SmiError) as caught:
        nvidia_smi.query(["name"])
    assert caught.value.problem == problem


def test_the_first_look_sees_cards_and_driver(smi: Smi) -> None:
    smi("printf 'NVIDIA GeForce RTX 3090, 8.6, 580.95.05\\nNVIDIA GeForce GTX 1080, 6.1, 580.95.05\\n'")
    found = nvidia.look()
    assert found.driver == "580.95.05"
    assert [str(card) for card in found.cards] == ["NVIDIA GeForce RTX 3090 (8.6)", "NVIDIA GeForce GTX 1080 (6.1)"]


def test_the_first_look_says_reboot_after_a_half_done_update(smi: Smi) -> None:
    smi("echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18")
    assert "reboot" in nvidia.look().problem


@pytest.mark.usefixtures("bare")
def test_the_first_look_finds_nothing_on_a_bare_machine() -> None:
    assert nvidia.look() == nvidia.Nvidia(driver=None, cards=())


@pytest.mark.usefixtures("bare")
def test_the_first_look_reports_cards_that_have_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvidia, "pci_cards", lambda vendor: ["0000:01:00.0"] if vendor == "0x10de" else [])
    assert "no working driver" in nvidia.look().problem


def test_only_display_controllers_of_the_vendor_count(tmp_path: Path) -> None:
    for name, vendor, kind in [
        ("0000:01:00.0", "0x10de", "0x030200"),
        ("0000:01:00.1", "0x10de", "0x040300"),  # the card's own sound device
        ("0000:02:00.0", "0x1002", "0x030000"),
    ]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "vendor").write_text(f"{vendor}\n")
        (tmp_path / name / "class").write_text(f"{kind}\n")
    (tmp_path / "0000:03:00.0").mkdir()
    assert nvidia.pci_cards("0x10de", bus=tmp_path) == ["0000:01:00.0"]


class FakeNvml(ModuleType):
    """As much of pynvml as is used, for one card; ``missing`` queries are refused as real cards refuse them."""

    class NVMLError(Exception):
        def __init__(self, value: int) -> None:
            super().__init__(value)
            self.value = value

    NVML_ERROR_LIBRARY_NOT_FOUND = 12
    NVML_ERROR_DRIVER_NOT_LOADED = 9
    NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18
    NVML_ERROR_NOT_SUPPORTED = 3
    NVML_DEVICE_MIG_ENABLE = 1
    NVML_TEMPERATURE_GPU = 0

    def __init__(self, refuses_with: int | None = None, missing: tuple[str, ...] = (), mig: bool = False) -> None:
        super().__init__("pynvml")
        self.open = 0
        self._refuses_with = refuses_with
        self._missing = missing
        self._answers: dict[str, Any] = {
            "nvmlDeviceGetCount": 1,
            "nvmlDeviceGetHandleByIndex": "handle",
            "nvmlDeviceGetName": "NVIDIA A100-SXM4-40GB",
            "nvmlDeviceGetUUID": b"GPU-abc",
            "nvmlDeviceGetCudaComputeCapability": (8, 0),
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(total=40_000, free=39_000),
            "nvmlDeviceGetMigMode": (1, 1) if mig else (0, 0),
            "nvmlDeviceGetMaxMigDeviceCount": 2,
            "nvmlDeviceGetTemperature": 41,
            "nvmlDeviceGetPowerManagementLimit": 400_000,
            "nvmlDeviceGetPowerManagementDefaultLimit": 400_000,
            "nvmlDeviceGetComputeRunningProcesses": [SimpleNamespace(pid=1, usedGpuMemory=None)],
            "nvmlSystemGetCudaDriverVersion": 13000,
            "nvmlSystemGetDriverVersion": "580.95.05",
        }

    def nvmlInit(self) -> None:  # noqa: N802  pynvml's name
        if self._refuses_with is not None:
            raise self.NVMLError(self._refuses_with)
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802  pynvml's name
        self.open -= 1

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: str, index: int) -> str:  # noqa: N802  pynvml's name
        if index > 0:
            raise self.NVMLError(6)
        return "slice"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in self._answers:
            raise AttributeError(name)

        def answer(*_: object) -> Any:
            if name in self._missing:
                raise self.NVMLError(self.NVML_ERROR_NOT_SUPPORTED)
            return self._answers[name]

        return answer


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeNvml], FakeNvml]:
    def use(fake: FakeNvml) -> FakeNvml:
        monkeypatch.setitem(sys.modules, "pynvml", fake)
        monkeypatch.setattr(nvidia, "pci_cards", lambda vendor: ["0000:01:00.0"] if vendor == "0x10de" else [])
        return fake

    return use


def test_nvml_tells_everything_about_a_card(nvml: Callable[[FakeNvml], FakeNvml]) -> None:
    fake = nvml(FakeNvml())
    (gpu,), driver = gpus.read(container=False)
    assert (gpu.name, gpu.uuid, gpu.capability) == ("NVIDIA A100-SXM4-40GB", "GPU-abc", (8, 0))
    assert (gpu.memory_total, gpu.memory_free, gpu.temperature, gpu.power_limit) == (40_000, 39_000, 41, 400.0)
    assert gpu.processes[0].pid == 1
    assert (driver.version, driver.cuda, driver.source, driver.problem) == ("580.95.05", "13.0", "nvml", "")
    assert fake.open == 0


def test_what_a_card_does_not_know_is_none(nvml: Callable[[FakeNvml], FakeNvml]) -> None:
    nvml(FakeNvml(missing=("nvmlDeviceGetMigMode", "nvmlDeviceGetTemperature", "nvmlDeviceGetPowerManagementLimit")))
    (gpu,), _ = gpus.read(container=False)
    assert (gpu.temperature, gpu.power_limit, gpu.mig) == (None, None, False)


def test_slices_of_a_card_are_listed(nvml: Callable[[FakeNvml], FakeNvml]) -> None:
    nvml(FakeNvml(mig=True))
    (gpu,), _ = gpus.read(container=False)
    assert gpu.mig
    assert len(gpu.instances) == 1


@pytest.mark.parametrize(
    ("refusal", "container", "problem"),
    [
        (18, False, "mismatch"),
        (12, False, "no driver"),
        (9, False, "no driver"),
        (12, True, "hidden"),
        (999, False, "failed"),
    ],
)
def test_refusals_of_nvml_are_told_apart(
    nvml: Callable[[FakeNvml], FakeNvml],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    refusal: int,
    container: bool,
    problem: str,
) -> None:
    nvml(FakeNvml(refuses_with=refusal))
    monkeypatch.setenv("PATH", str(tmp_path))  # no nvidia-smi either
    found, driver = gpus.read(container=container)
    assert found == ()
    assert driver.problem == problem


def test_nvidia_smi_stands_in_for_nvml(nvml: Callable[[FakeNvml], FakeNvml], smi: Smi) -> None:
    nvml(FakeNvml(refuses_with=12))
    smi(
        'case "$*" in *compute-apps*) echo "GPU-k, 77, python, 512";;'
        ' *compute_cap*) echo "Field \\"compute_cap\\" is not a valid field to query."; exit 2;;'
        ' *) echo "0, Tesla K80, GPU-k, 11441, 11000, 35, 149.00, 149.00, 470.256.02";; esac'
    )
    (gpu,), driver = gpus.read(container=False)
    assert (gpu.name, gpu.capability, gpu.memory_total) == ("Tesla K80", None, 11441 * 1024 * 1024)
    assert (gpu.processes[0].pid, gpu.processes[0].memory) == (77, 512 * 1024 * 1024)
    assert (driver.version, driver.source) == ("470.256.02", "nvidia-smi")
