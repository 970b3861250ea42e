"""Advice on recorded machines: what each may use, and what its owner is told to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srtui.hardware import render
from srtui.hardware.advise import Advice, advise
from srtui.hardware.report import MachineReport, from_plain, to_plain

MACHINES = sorted((Path(__file__).parent / "machines").glob("*.json"))


def recorded(name: str) -> MachineReport:
    file = Path(__file__).parent / "machines" / f"{name}.json"
    return from_plain(MachineReport, json.loads(file.read_text(encoding="utf-8")))


def told(advice: Advice, severity: str, words: str) -> str:
    """The command of the one finding that says these words."""
    found = [each for each in advice.findings if each.severity == severity and words in f"{each.fact} {each.meaning}"]
    assert len(found) == 1, [each.fact for each in advice.findings]
    return found[0].command


@pytest.mark.parametrize(
    ("name", "device", "precision", "speed"),
    [
        ("m2070", "cpu", "fp32", "slow"),
        ("k80", "cpu", "fp32", "slow"),
        ("gtx1060", "cuda", "fp32", "modest"),
        ("gtx1080ti_wrong_torch", "cpu", "fp32", "slow"),
        ("v100", "cuda", "fp16", "good"),
        ("rtx2080", "cuda", "fp16", "good"),
        ("rtx3060", "cuda", "bf16", "fast"),
        ("rtx4090", "cuda", "bf16", "fast"),
        ("a100_mig", "cuda", "bf16", "fast"),
        ("h200_x8", "cuda", "bf16", "very fast"),
        ("no_gpu", "cpu", "bf16", "very slow"),
        ("driver_too_old", "cpu", "fp32", "slow"),
        ("driver_mismatch", "cpu", "fp32", "slow"),
        ("wsl2", "cuda", "bf16", "fast"),
        ("container_without_nvml", "cpu", "bf16", "slow"),
        ("mixed_generations", "cuda", "bf16", "very fast"),
    ],
)
def test_each_machine_gets_what_it_can_do(name: str, device: str, precision: str, speed: str) -> None:
    advice = advise(recorded(name))
    assert (advice.device, advice.precision, advice.speed) == (device, precision, speed)


@pytest.mark.parametrize(
    ("name", "severity", "words", "command"),
    [
        ("m2070", "warning", "no PyTorch wheel was ever built for it", ""),
        ("k80", "warning", "Kepler", ""),
        ("gtx1060", "warning", "3.2 GB", ""),
        ("gtx1060", "note", "2.14 is the last version", ""),
        ("gtx1080ti_wrong_torch", "problem", "no kernels for NVIDIA GeForce GTX 1080 Ti", "./start --repair"),
        ("v100", "warning", "lustre", "srtui -p /a/local/disk/project"),
        ("rtx3060", "problem", "KillUserProcesses=yes", 'loginctl enable-linger "$USER"'),
        ("rtx3060", "warning", "2 process(es)", "ps -o pid,user,etime,args -p 4211,4300"),
        ("rtx3060", "warning", "88 C", "nvidia-smi -i 0 -q -d TEMPERATURE,PERFORMANCE"),
        ("rtx3060", "warning", "6.0 GB free", "df -h '/home/anna/minidv'"),
        ("rtx3060", "note", "100 of 170 W", "sudo nvidia-smi -i 0 -pl 170"),
        ("a100_mig", "problem", "MIG mode without any instance", "sudo nvidia-smi -i 1 -mig 0"),
        ("a100_mig", "note", "sliced", "export CUDA_VISIBLE_DEVICES=MIG-11111111-2222-3333-4444-555566667777"),
        ("h200_x8", "warning", "/dev/shm", "docker run --shm-size=8g ..."),
        ("no_gpu", "warning", "256 open files", "ulimit -n 4096"),
        ("no_gpu", "warning", "40 MB/s", ""),
        ("no_gpu", "warning", "ascii", "export LC_ALL=C.UTF-8"),
        ("no_gpu", "note", "TERM", "export TERM=xterm-256color"),
        ("driver_too_old", "problem", "535.183.01 is too old for CUDA 13.2", "./start --repair"),
        ("driver_ancient", "problem", "418.226.00", "sudo apt install nvidia-driver-580 && sudo reboot"),
        ("driver_mismatch", "problem", "still runs the old one", "sudo reboot"),
        ("no_driver", "problem", "no driver", "sudo apt install nvidia-driver && sudo reboot   # from non-free"),
        ("wsl2", "note", "WSL2", ""),
        ("container_without_nvml", "problem", "not handed into this docker container", "docker run --gpus all ..."),
        ("cpu_torch_beside_gpu", "problem", "CPU build beside NVIDIA L4", "./start --repair"),
        ("broken_pair", "problem", "torchvision::nms does not exist", "./start --repair"),
        (
            "unseen_gpu",
            "problem",
            "sees none of the 1 GPU(s)",
            'echo "$CUDA_VISIBLE_DEVICES"; ls -l /dev/nvidia*; sudo modprobe nvidia_uvm',
        ),
        ("mixed_generations", "warning", "stays unused beside the newer card", ""),
    ],
)
def test_what_is_wrong_comes_with_the_command_that_mends_it(name: str, severity: str, words: str, command: str) -> None:
    assert told(advise(recorded(name)), severity, words) == command


@pytest.mark.parametrize("name", ["rtx2080", "rtx4090"])
def test_a_healthy_machine_is_left_alone(name: str) -> None:
    assert advise(recorded(name)).findings == ()


def test_the_worst_comes_first() -> None:
    severities = [finding.severity for finding in advise(recorded("rtx3060")).findings]
    assert severities == sorted(severities, key=("problem", "warning", "note").index)


def test_equal_cards_are_complained_about_once() -> None:
    assert sum("Tesla K80" in finding.fact for finding in advise(recorded("k80")).findings) == 1


def test_a_container_limit_counts_as_the_memory() -> None:
    report = recorded("container_without_nvml")
    assert report.memory.limit is not None
    assert advise(report).threads == 32
    assert not any("of memory" in finding.fact for finding in advise(report).findings)


@pytest.mark.parametrize("file", MACHINES, ids=lambda file: file.stem)
def test_reports_travel_as_json_both_ways(file: Path) -> None:
    report = recorded(file.stem)
    assert from_plain(MachineReport, json.loads(json.dumps(to_plain(report)))) == report


@pytest.mark.parametrize("file", MACHINES, ids=lambda file: file.stem)
def test_every_machine_can_be_shown_in_plain_lines(file: Path) -> None:
    report = recorded(file.stem)
    advice = advise(report)
    shown = render.to_text(report, advice)
    assert all(gpu.name in shown for gpu in report.gpus)
    assert all(finding.fact in shown and finding.command in shown for finding in advice.findings)
    assert all(line == line.rstrip() for line in shown.splitlines())
    assert json.loads(render.to_json(report, advice))["advice"]["precision"] == advice.precision


def test_a_newer_report_is_refused_by_its_version() -> None:
    plain = to_plain(recorded("no_gpu")) | {"version": 2}
    with pytest.raises(ValueError, match="version 2"):
        from_plain(MachineReport, plain)
