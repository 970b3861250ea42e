"""``validate``: the report says everything, the sheets are there, and a network that does not gain fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from srtui.config.degradation import ByScale, Degradation, Resize, Scenario
from srtui.config.network import Compact
from srtui.config.project import Prepare, Synthetic, SyntheticPictures
from srtui.config.reader import to_plain
from srtui.config.requests import PrepareRequest, ValidateRequest
from srtui.config.validation import Lpips
from srtui.data import prepare
from srtui.data.pictures import read_picture
from srtui.data.store import StoreReader
from srtui.engine import networks, validation
from srtui.engine.block_amplification import amplification, lattice_energy
from srtui.engine.metrics import compare
from srtui.engine.models import save_model
from srtui.engine.scores import enlarge_bicubic
from srtui.errors import CheckFailedError, NothingUsableError, UsageError
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.events import read_events
from srtui.jobs.folder import create
from srtui.project.cards import ModelCard

HALF = Resize(percent=ByScale(x2=50))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("набор данных")
    scenarios = (
        Scenario(name="мягко/soft", steps=(HALF,)),
        Scenario(name="sharp", steps=(HALF.__class__(percent=ByScale(x2=50), filter="nearest"),)),
    )
    request = PrepareRequest(
        sources=(SyntheticPictures(synthetic=Synthetic(pictures=1, seed=1, width=64, height=64)),),
        validation_sources=(SyntheticPictures(synthetic=Synthetic(pictures=6, seed=2, width=96, height=64)),),
        scale=2,
        prepare=Prepare(),
        degradation=Degradation(name="two", scales=(2,), scenarios=scenarios),
        dataset=str(folder / "dataset"),
        digest="test",
        threads=1,
    )
    prepare.run(JobContext(create(folder, "prepare", to_plain(request)), resumed=False), request)
    return folder / "dataset"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A network that only repeats pixels."""
    return nearest(tmp_path / "net.safetensors", 2)


def nearest(path: Path, scale: int) -> Path:
    options = Compact(features=4, convs=1)
    net = networks.build(options, scale)
    for weight in net.parameters():
        torch.nn.init.zeros_(weight)
    save_model(path, net.state_dict(), ModelCard(network=options, scale=scale, overlap=3))
    return path


def run(tmp_path: Path, dataset: Path, model: Path, **changes: Any) -> tuple[JobContext, Path]:
    output = tmp_path / "сравнение"
    request = ValidateRequest(dataset=str(dataset), model=str(model), output=str(output), device="cpu", **changes)
    job = JobContext(create(tmp_path, "validate", {}), resumed=False)
    validation.run(job, request)
    return job, output


def report_of(output: Path) -> dict[str, Any]:
    return json.loads((output / "report.json").read_text(encoding="utf-8"))


def test_the_report_holds_the_figures_of_every_picture(tmp_path: Path, dataset: Path, model: Path) -> None:
    _, output = run(tmp_path, dataset, model)
    report, reader = report_of(output), StoreReader(dataset / "val.lmdb")
    assert [each["name"] for each in report["pictures"]] == reader.names
    for each in report["pictures"]:
        lq_hwc, gt_hwc = reader.lq(each["name"]), reader.gt(each["name"])
        assert each["scenario"] == reader.scenario(each["name"])
        expected = compare(lq_hwc.repeat(2, 0).repeat(2, 1), gt_hwc, 2)
        assert each["network"]["psnr_y"] == pytest.approx(expected.psnr_y)
        assert each["bicubic"]["ssim_rgb"] == pytest.approx(compare(enlarge_bicubic(lq_hwc, 2), gt_hwc, 2).ssim_rgb)
    gains = [each["gain_y"] for each in report["pictures"]]
    assert report["mean"]["gain_y"] == pytest.approx(np.mean(gains))
    assert report["mean"]["pictures"] == 6
    assert [(each["name"], each["pictures"]) for each in report["scenarios"]] == [("sharp", 3), ("мягко/soft", 3)]
    assert report["losing"] == [each["name"] for each in report["scenarios"] if each["gain_y"] < 0] != []
    assert (report["version"], report["border"], report["passed"]) == (2, 2, True)


def test_blocks_are_reported_per_scenario_against_bicubic(tmp_path: Path, dataset: Path, model: Path) -> None:
    job, output = run(tmp_path, dataset, model)
    report, reader = report_of(output), StoreReader(dataset / "val.lmdb")
    for each in report["pictures"]:
        energy = lattice_energy(reader.lq(each["name"]).repeat(2, 0).repeat(2, 1), reader.gt(each["name"]), 2)
        assert energy == (each["network"]["blocks_8"], each["network"]["blocks_16"])
    for score in (*report["scenarios"], report["mean"]):
        assert score["amplification_8"] == amplification(score["network"]["blocks_8"], score["bicubic"]["blocks_8"])
    assert report["amplifying"] == [each["name"] for each in report["scenarios"] if each["amplified"]]
    alarms = [event["text"] for event in read_events(job.folder.events) if event["kind"] == "alarm"]
    assert bool(alarms) == bool(report["amplifying"])
    assert report["lpips"] is None
    assert report["mean"]["network"]["lpips"] is None


def test_lpips_is_reported_when_its_files_are_given(
    tmp_path: Path, dataset: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fake:
        network = "AlexNet"

        def __init__(self, files: Lpips, device: torch.device) -> None:
            assert (files.weights, device.type) == ("a.pth", "cpu")

        def __call__(self, restored_hwc: np.ndarray, gt_hwc: np.ndarray, border: int) -> float:
            return float(np.abs(restored_hwc.astype(float) - gt_hwc).mean()) / 100 + border

    monkeypatch.setattr(validation, "Lpips", Fake)
    _, output = run(tmp_path, dataset, model, lpips=Lpips(weights="a.pth", backbone="b.pth"))
    report = report_of(output)
    assert report["lpips"] == "AlexNet"
    mean = np.mean([each["network"]["lpips"] for each in report["pictures"]])
    assert report["mean"]["network"]["lpips"] == pytest.approx(mean)
    assert report["mean"]["bicubic"]["lpips"] > 2


def test_a_sheet_is_drawn_for_as_many_pictures_as_asked_from_every_scenario(
    tmp_path: Path, dataset: Path, model: Path
) -> None:
    job, output = run(tmp_path, dataset, model, pictures=4)
    sheets = {each["sheet"]: each["scenario"] for each in report_of(output)["pictures"] if each["sheet"]}
    assert sorted(sheets.values()) == ["sharp", "sharp", "мягко/soft", "мягко/soft"]
    assert {path.name for path in output.iterdir()} == {*sheets, "report.json"}
    for name in sheets:
        assert read_picture(output / name).shape[1] > 4 * 96
    previews = [event for event in read_events(job.folder.events) if event["kind"] == "preview"]
    assert {event["path"] for event in previews} == {str(output / name) for name in sheets}


def test_the_events_tell_the_figures(tmp_path: Path, dataset: Path, model: Path) -> None:
    job, output = run(tmp_path, dataset, model, pictures=0)
    events = {event["kind"]: event for event in read_events(job.folder.events)}
    report = report_of(output)
    assert events["validation"]["psnr_y"] == pytest.approx(report["mean"]["network"]["psnr_y"])
    assert events["validation"]["gain_y"] == pytest.approx(report["mean"]["gain_y"])
    assert events["validation"]["scenarios"] == report["scenarios"]
    assert events["result"]["report"] == str(output / "report.json")


def test_too_small_a_gain_fails_with_the_figures_and_leaves_the_report(
    tmp_path: Path, dataset: Path, model: Path
) -> None:
    with pytest.raises(
        CheckFailedError, match=r"Y-PSNR \d+\.\d\d dB, bicubic .* where \+0\.200 was asked for"
    ) as caught:
        run(tmp_path, dataset, model, minimum_gain=0.2)
    assert caught.value.exit_code == 5
    report = report_of(tmp_path / "сравнение")
    assert report["passed"] is False
    assert report["minimum_gain"] == 0.2


def test_a_gain_that_is_large_enough_passes(tmp_path: Path, dataset: Path, model: Path) -> None:
    _, output = run(tmp_path, dataset, model, minimum_gain=-50.0)
    assert report_of(output)["passed"] is True


def test_another_validation_replaces_the_sheets_of_the_last_and_nothing_else(
    tmp_path: Path, dataset: Path, model: Path
) -> None:
    _, output = run(tmp_path, dataset, model, pictures=6)
    (output / "mine.png").write_bytes(b"")
    run(tmp_path, dataset, model, pictures=1)
    assert len(list(output.glob("0*.png"))) == 1
    assert (output / "mine.png").exists()


def test_a_report_that_was_meddled_with_removes_nothing(tmp_path: Path, dataset: Path, model: Path) -> None:
    precious = tmp_path / "precious.png"
    precious.write_bytes(b"")
    output = tmp_path / "сравнение"
    output.mkdir()
    for text in ('{"pictures": [{"sheet": "../precious.png"}]}', "[]", "{", '{"pictures": [5]}'):
        (output / "report.json").write_text(text)
        run(tmp_path, dataset, model, pictures=0)
    assert precious.exists()


def test_a_network_of_another_scale_is_refused(tmp_path: Path, dataset: Path) -> None:
    with pytest.raises(UsageError, match="enlarges ×4, but the dataset was made for ×2"):
        run(tmp_path, dataset, nearest(tmp_path / "x4.safetensors", 4))


def test_it_stops_when_asked(tmp_path: Path, dataset: Path, model: Path) -> None:
    request = ValidateRequest(dataset=str(dataset), model=str(model), output=str(tmp_path / "out"), device="cpu")
    job = JobContext(create(tmp_path, "validate", {}), resumed=False)
    job.interrupt()
    with pytest.raises(Stopped):
        validation.run(job, request)
    assert not (tmp_path / "out" / "report.json").exists()


def test_without_validation_pictures_there_is_nothing_to_do(
    tmp_path: Path, dataset: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StoreReader, "names", [])
    with pytest.raises(NothingUsableError, match="there are none"):
        run(tmp_path, dataset, model)
