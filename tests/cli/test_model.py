"""``import-model``, ``export``, ``blend``, ``model``: what they write and say, and what they refuse."""

from __future__ import annotations

import importlib
import importlib.util
import json
from pathlib import Path

import pytest
import torch

import srtui.cli.launching
from srtui.cli import run
from srtui.config.network import Compact, SRResNet
from srtui.config.project import Project, Synthetic, SyntheticPictures, Training
from srtui.config.reader import from_plain, to_plain
from srtui.config.requests import KINDS
from srtui.engine.models import load_model, save_model
from srtui.errors import SrtuiError
from srtui.jobs.context import JobContext
from srtui.jobs.folder import JobFolder, read_record
from srtui.project.cards import ModelCard
from srtui.project.folder import save_project
from srtui.worker import WORK
from tests.engine.exchanging import saved, trained

SMALL = Compact(features=8, convs=2)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are done here: starting torch in a process of its own takes seconds."""

    def follow(folder: JobFolder) -> int:
        record = read_record(folder)
        request = from_plain(KINDS[record.kind], record.request | {"threads": 1}, where="job.yml")
        try:
            importlib.import_module(WORK[record.kind]).run(JobContext(folder, resumed=False), request)
        except SrtuiError as error:
            print(error)
            return error.exit_code
        return 0

    monkeypatch.setattr(srtui.cli.launching, "launch_and_follow", follow)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    here = tmp_path / "мои сети"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def test_a_foreign_network_becomes_ours_in_a_job_of_its_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = trained(SMALL, 2)
    torch.save({"params_ema": net.state_dict()}, "чужая сеть.pth")
    assert run(["import-model", "чужая сеть.pth", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["output"] == str(folder / "чужая сеть.safetensors")
    assert found["network"] == "SRVGGNetCompact 8/2 ×2, 2,292 parameters"
    assert (found["scale"], found["weights"], found["overlap"]) == (2, "params_ema", 4)
    loaded = load_model(folder / "чужая сеть.safetensors")
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in loaded.net.state_dict().items())
    assert run(["import-model", "чужая сеть.pth"]) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.usefixtures("in_this_process")
def test_every_form_gets_a_name_of_its_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(folder / "a.b.safetensors", SRResNet(features=8, blocks=1), 2)
    for words in (["pth"], ["pth-2020"], ["pth", "--fp16"], ["safetensors", "--fp16", "-o", "под/c.safetensors"]):
        assert run(["export", "a.b.safetensors", "--as", *words]) == 0
    names = {str(path.relative_to(folder)) for path in folder.rglob("*.*") if path.is_file()}
    assert names == {"a.b.safetensors", "a.b.pth", "a.b-2020.pth", "a.b-fp16.pth", "под/c.safetensors"}
    assert "network     MSRResNet 8/1 ×2" in capsys.readouterr().out
    assert run(["export", "a.b.safetensors", "--as", "pth"]) == 2
    assert run(["export", "a.b.safetensors", "--as", "pth", "--overwrite"]) == 0


@pytest.mark.usefixtures("in_this_process")
def test_a_form_without_the_network_is_exit_code_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(folder / "a.safetensors", SMALL, 2)
    assert run(["export", "a.safetensors", "--as", "pth-old-esrgan"]) == 2
    assert "SRVGGNetCompact 8/2 ×2 is no network of the first ESRGAN" in capsys.readouterr().out
    assert run(["export", "a.safetensors", "--as", "gif"]) == 2
    assert run(["export", "a.safetensors"]) == 2
    assert [path.name for path in folder.iterdir()] == ["a.safetensors"]


@pytest.mark.usefixtures("in_this_process")
def test_onnx_says_what_was_checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for package in ("onnx", "onnxruntime"):
        pytest.importorskip(package, reason=f"{package} is not installed (pip install 'srtui[onnx]')")
    saved(folder / "a.safetensors", SMALL, 2)
    assert run(["export", "a.safetensors", "--as", "onnx"]) == 0
    said = capsys.readouterr().out
    assert "opset       17; pictures of any size, batches of any" in said
    assert "checked     at 2×29×35 within " in said


def test_without_onnx_it_is_said_before_anything_starts(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved(folder / "a.safetensors", SMALL, 2)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert run(["export", "a.safetensors", "--as", "onnx"]) == 4
    assert "pip install 'srtui[onnx]'" in capsys.readouterr().err


@pytest.mark.usefixtures("in_this_process")
def test_a_projects_own_network_needs_no_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = save_project(folder, Project(scale=2, training=Training(profile="tiny")))
    assert run(["export", "--as", "pth"]) == 2
    assert "not trained yet" in capsys.readouterr().err
    project.model.parent.mkdir()
    saved(project.model, SMALL, 2)
    assert run(["export", "--as", "pth", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["output"] == str(project.model.with_suffix(".pth"))


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("share", ["0.3", "-0.25", "1"])
def test_a_blend_is_written_beside_the_first(folder: Path, share: str, capsys: pytest.CaptureFixture[str]) -> None:
    saved(folder / "a.safetensors", SMALL, 2, seed=1)
    saved(folder / "b.safetensors", SMALL, 2, seed=2)
    assert run(["blend", "a.safetensors", "b.safetensors", share]) == 0
    said = capsys.readouterr().out
    assert f"{1 - float(share):g} of a.safetensors" in said
    assert load_model(folder / f"a-b-{float(share):g}.safetensors").card.parents
    assert run(["blend", "a.safetensors", "b.safetensors", share]) == 2


@pytest.mark.parametrize("arguments", [["2"], ["-0.6"], ["half"], ["0.5", "--overwritten"]])
def test_wrong_shares_are_exit_code_2(folder: Path, arguments: list[str]) -> None:
    saved(folder / "a.safetensors", SMALL, 2)
    assert run(["blend", "a.safetensors", "a.safetensors", *arguments]) == 2


# model info, model recipe


def own(path: Path) -> ModelCard:
    """A file with the whole recipe of a small project."""
    source = SyntheticPictures(synthetic=Synthetic(pictures=3))
    project = save_project(
        path.parent / "проект", Project(scale=2, sources=(source,), training=Training(profile="tiny"))
    )
    request = to_plain(project.train_request())
    dataset = {"digest": project.prepare_digest(), "content": "abc", "pictures": {"train": 3, "val": 1, "rejected": 0}}
    card = ModelCard(network=SMALL, scale=2, overlap=4, recipe=request, dataset=dataset, torch="2.15.0")
    save_model(path, trained(SMALL, 2).state_dict(), card)
    return card


def test_info_shows_the_whole_recipe_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own(folder / "сеть.safetensors")
    assert run(["model", "info", "сеть.safetensors"]) == 0
    said = capsys.readouterr()
    assert "network     SRVGGNetCompact of Real-ESRGAN, ×2: features 8, convs 2, activation prelu" in said.out
    assert "parameters  2,292" in said.out
    assert "torch 2.15.0, seed 1" in said.out
    assert "dataset     3 pictures to train on, 1 to validate" in said.out
    for section in ("profile:", "project:", "degradation:", "  name: photoshop-six", "srtui run -p FOLDER"):
        assert section in said.out
    assert not said.err, "no job was needed"
    assert run(["model", "info", "сеть.safetensors", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["recipe"]["origin"]["project"]["sources"][0]["synthetic"]["pictures"] == 3
    assert (found["parameters"], found["scale"], found["dataset"]["content"]) == (2292, 2, "abc")


@pytest.mark.usefixtures("in_this_process")
def test_info_knows_others_files_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"params": trained(SMALL, 2).half().state_dict()}, "a.pth")
    assert run(["model", "info", "a.pth"]) == 0
    said = capsys.readouterr().out
    assert "a.pth, " in said
    assert "float16" in said
    assert "weights     params" in said
    assert "recipe      none: not trained by srtui" in said
    assert run(["model", "info", "a.pth", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == 2292


def test_info_refuses_what_is_no_network(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.txt").write_text("hello")
    assert run(["model", "info", "a.txt"]) == 2
    assert "is no network file" in capsys.readouterr().err


def test_the_recipe_is_printed_written_or_made_a_project(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own(folder / "a.safetensors")
    assert run(["model", "recipe", "a.safetensors"]) == 0
    printed = capsys.readouterr().out
    assert run(["model", "recipe", "a.safetensors", "-o", "новый.yml"]) == 0
    assert (folder / "новый.yml").read_text(encoding="utf-8") == printed
    assert run(["model", "recipe", "a.safetensors", "-o", "новый.yml"]) == 2
    assert run(["model", "recipe", "a.safetensors", "--project", "ещё раз", "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["remarks"] == []
    first = save_project(folder / "проект", Project(scale=2, sources=(), training=Training(profile="tiny")))
    assert found["digest"] != first.train_digest(), "the first one has lost its sources since"
    assert run(["model", "recipe", "a.safetensors", "--project", "ещё раз"]) == 2
    assert run(["model", "recipe", "a.safetensors", "--project", "x", "-o", "y"]) == 2
    assert run(["model", "recipe", "a.safetensors", "--parent", "1"]) == 2


def test_a_network_without_a_recipe_is_exit_code_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(folder / "a.safetensors", SMALL, 2)
    torch.save({"params": trained(SMALL, 2).state_dict()}, "b.pth")
    for name in ("a.safetensors", "b.pth"):
        assert run(["model", "recipe", name]) == 2
        assert "carries no recipe" in capsys.readouterr().err


@pytest.mark.usefixtures("in_this_process")
def test_a_blends_parents_keep_their_recipes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own(folder / "a.safetensors")
    saved(folder / "b.safetensors", SMALL, 2, seed=2)
    assert run(["blend", "a.safetensors", "b.safetensors", "0.5", "-o", "c.safetensors"]) == 0
    capsys.readouterr()
    assert run(["model", "info", "c.safetensors"]) == 0
    said = capsys.readouterr().out
    assert "parent      0.5 of a.safetensors" in said
    assert "recipe      none: a blend of its parents" in said
    assert run(["model", "recipe", "c.safetensors"]) == 2
    assert "--parent 1" in capsys.readouterr().err
    assert run(["model", "recipe", "c.safetensors", "--parent", "1"]) == 0
    assert "name: tiny" in capsys.readouterr().out
    assert run(["model", "recipe", "c.safetensors", "--parent", "2"]) == 2
