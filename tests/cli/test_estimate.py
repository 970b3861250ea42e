"""``srtui estimate``, and what ``srtui train`` says of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from srtui.cli import estimate, projects, run
from srtui.jobs.folder import JobFolder, read_record
from srtui.project import estimates
from srtui.project.folder import open_project

TINY = """
version: 1
name: small
network: {type: compact, features: 8, convs: 1}
precision: fp32
stages: [{iterations: 100, gt_size: 32, batch: 1}]
"""


def test_a_profile_is_measured_without_a_project(tmp_path: Path) -> None:
    (tmp_path / "мой профиль.yml").write_text(TINY, encoding="utf-8")
    command = [sys.executable, "-m", "srtui", "estimate", "--profile", "мой профиль.yml", "--device", "cpu"]
    done = subprocess.run([*command, "--threads", "1", "--json"], cwd=tmp_path, capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert found["profile"] == "small"
    assert found["hours"] >= 0
    assert len(found["updates_per_second"]) == 1


def test_without_a_project_and_a_profile_there_is_nothing_to_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["estimate"]) == 2
    assert "no project.yml here" in capsys.readouterr().err


def test_files_beside_the_project_are_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[JobFolder] = []
    monkeypatch.setattr(estimate, "launch_job", lambda job, **_: jobs.append(job))
    (tmp_path / "project.yml").write_text("scale: 2\n")
    (tmp_path / "mine.yml").write_text(TINY.replace("batch: 1", "batch: 1, losses: {perceptual: {weights: vgg.pth}}"))
    run(["estimate", "-p", str(tmp_path), "--profile", "mine.yml"])
    (stage,) = read_record(jobs[0]).request["profile"]["stages"]
    assert stage["losses"]["perceptual"]["weights"] == str(tmp_path / "vgg.pth")


def test_of_several_gpus_the_part_of_one_is_measured_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs: list[JobFolder] = []
    monkeypatch.setattr(estimate, "launch_job", lambda job, **_: jobs.append(job))
    monkeypatch.setattr(projects, "need", lambda *_: None)
    (tmp_path / "project.yml").write_text("scale: 2\nsources: [{folder: a}]\n")
    run(["estimate", "-p", str(tmp_path), "--gpus", "cpu, cpu"])
    assert read_record(jobs[0]).request["gpus"] == "cpu,cpu"
    part, device, _ = estimates.part_of(open_project(tmp_path).profile(), "auto", "cpu,cpu")
    for key in estimates.keys(part, 2, device):
        known = estimates.StageEstimate(seconds=0.5, gib=1.0, micro_batch=0, precision="bf16")
        estimates.remember(key, known)
    assert run(["train", "-p", str(tmp_path), "--gpus", "cpu,cpu", "--defer"]) == 0
    assert "1.0 GiB of memory on each of 2 GPUs" in capsys.readouterr().err
    assert run(["train", "-p", str(tmp_path), "--gpus", "0,99", "--defer"]) == 0
    assert "GiB" not in capsys.readouterr().err


def test_a_scale_beside_a_projects_own_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(estimate, "launch_job", lambda _job, **_: 0)
    (tmp_path / "project.yml").write_text("scale: 2\n")
    (tmp_path / "mine.yml").write_text(TINY)
    assert run(["estimate", "-p", str(tmp_path), "--profile", "mine.yml", "--scale", "4"]) == 2
    assert "--scale: 4, but the project's is 2" in capsys.readouterr().err
    for agreeing in ([], ["--scale", "2"]):
        assert run(["estimate", "-p", str(tmp_path), "--profile", "mine.yml", *agreeing]) == 0
