"""A network's card is enough to write the project that trains it again."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from srtui.config.network import Compact
from srtui.config.project import Folder, Footage, Prepare, Project, Restore, Training
from srtui.config.reader import to_plain
from srtui.config.requests import TrainRequest
from srtui.errors import UsageError
from srtui.project.cards import ModelCard, Parent, metadata_of, read_card
from srtui.project.folder import OpenProject, open_project, save_project
from srtui.project.retraining import profile_of, profile_text, recipe_of, remarks, write_project

PROFILE = """
version: 1
name: мой профиль
network: {type: compact, features: 8, convs: 2}
stages:
- {iterations: 30, gt_size: 32}
- {iterations: 10, gt_size: 32, losses: {l1: 1.0, mse: 0.5}}
"""
DEGRADATION = """
version: 1
name: моя порча
scales: [2, 4]
scenarios:
- {name: half, steps: [{step: resize, percent: {x2: 50, x4: 25}}]}
"""


@pytest.fixture
def project(tmp_path: Path) -> OpenProject:
    folder = tmp_path / "мой проект"
    (folder / "снимки").mkdir(parents=True)
    (folder / "профиль.yml").write_text(PROFILE, encoding="utf-8")
    (folder / "порча.yml").write_text(DEGRADATION, encoding="utf-8")
    settings = Project(
        scale=4,
        sources=(Folder(folder="снимки"), Folder(folder="../elsewhere", insist=True)),
        footage=(Footage(video="secret.dv"),),
        prepare=Prepare(multiple=32, seed=11),
        degradation="порча.yml",
        training=Training(profile="профиль.yml", iterations=20, seed=5),
        restore=(Restore(input="a", output="b"),),
    )
    return save_project(folder, settings)


def card_of(project: OpenProject) -> ModelCard:
    """The card that a training of the project would write, by way of a file's header."""
    request = project.train_request()
    dataset = {"digest": project.prepare_digest(), "content": "c", "pictures": {}}
    card = ModelCard(
        network=Compact(features=8, convs=2), scale=4, overlap=3, recipe=to_plain(request), dataset=dataset
    )
    found = read_card(metadata_of(card), Path("net"))
    assert found is not None
    return found


def written(card: ModelCard, folder: Path, *, overwrite: bool = False) -> tuple[OpenProject, TrainRequest]:
    request = recipe_of(card, Path("net"))
    return write_project(request, Path("net"), folder, overwrite=overwrite), request


def test_the_written_project_has_the_same_digests(tmp_path: Path, project: OpenProject) -> None:
    again, _ = written(card_of(project), tmp_path / "ещё раз")
    assert again.prepare_digest() == project.prepare_digest()
    assert again.train_digest() == project.train_digest()
    assert open_project(tmp_path / "ещё раз").train_digest() == project.train_digest()
    assert again.train_request().seed == 5
    assert again.profile() == project.profile()


def test_it_needs_nothing_of_the_first_projects_folder(tmp_path: Path, project: OpenProject) -> None:
    card, digest = card_of(project), project.train_digest()
    for name in ("профиль.yml", "порча.yml"):
        (project.folder / name).unlink()
    again, _ = written(card, tmp_path / "again")
    assert again.train_digest() == digest


@pytest.mark.parametrize("change", ["scale", "seed", "profile", "degradation", "source"])
def test_the_digest_is_not_the_same_for_everything(tmp_path: Path, project: OpenProject, change: str) -> None:
    again, _ = written(card_of(project), tmp_path / "again")
    edits = {
        "scale": ("project.yml", "scale: 4", "scale: 2"),
        "seed": ("project.yml", "seed: 5", "seed: 6"),
        "profile": ("profile.yml", "mse: 0.5", "mse: 0.4"),
        "degradation": ("degradation.yml", "x4: 25", "x4: 24"),
        "source": ("project.yml", "../elsewhere", "../there"),
    }
    name, old, new = edits[change]
    text = (again.folder / name).read_text(encoding="utf-8")
    assert old in text
    (again.folder / name).write_text(text.replace(old, new), encoding="utf-8")
    assert open_project(again.folder).train_digest() != project.train_digest()


def test_what_is_private_stays_at_home(project: OpenProject) -> None:
    text = metadata_of(card_of(project))["srtui"]
    assert "secret.dv" not in text
    assert '"restore": []' in text


def test_the_profile_is_the_one_that_was_trained(tmp_path: Path, project: OpenProject) -> None:
    request = project.train_request()
    assert profile_of(request) == request.profile == project.profile()
    text = profile_text(card_of(project), request)
    assert text.startswith("# What a network was trained with: scale 4, seed 5, srtui ")
    (tmp_path / "a.yml").write_text(text, encoding="utf-8")
    taken = save_project(
        tmp_path / "other", Project(scale=4, training=Training(profile=str(tmp_path / "a.yml"), seed=5))
    )
    assert taken.profile() == project.profile()
    assert [stage["iterations"] for stage in yaml.safe_load(text)["stages"]] == [15, 5]


def test_sources_that_are_elsewhere_are_told(tmp_path: Path, project: OpenProject) -> None:
    card = card_of(project)
    again, request = written(card, tmp_path / "again")
    told = remarks(again, request, card)
    assert told == [
        f"снимки: not there; paths were meant from {project.folder}",
        f"../elsewhere: not there; paths were meant from {project.folder}",
    ]
    (tmp_path / "again" / "снимки").mkdir()
    (tmp_path / "elsewhere").mkdir()
    assert not remarks(again, request, card)


def test_settings_that_mean_another_dataset_today_are_told(tmp_path: Path, project: OpenProject) -> None:
    card = card_of(project)
    again, request = written(card, tmp_path / "again")
    older = ModelCard(network=card.network, scale=4, overlap=3, recipe=card.recipe, dataset={"digest": "of before"})
    assert "another dataset" in remarks(again, request, older)[-1]


def test_nothing_is_replaced_unless_asked(tmp_path: Path, project: OpenProject) -> None:
    card, before = card_of(project), project.file.read_bytes()
    with pytest.raises(UsageError, match="exists already"):
        written(card, project.folder)
    assert project.file.read_bytes() == before
    again, _ = written(card, project.folder, overwrite=True)
    assert again.train_digest() == project.train_digest()


def test_a_network_without_a_recipe_says_why(project: OpenProject) -> None:
    bare = ModelCard(network=Compact(), scale=4, overlap=3)
    blend = ModelCard(
        network=Compact(),
        scale=4,
        overlap=3,
        parents=tuple(Parent(name=name, digest="", share=0.5, card=card_of(project)) for name in ("мягкая", "b")),
    )
    for card, fact in ((None, "carries no recipe"), (bare, "carries no recipe"), (blend, "a blend of мягкая and b")):
        with pytest.raises(UsageError, match=fact):
            recipe_of(card, Path("net"))
    assert recipe_of(blend.parents[0].card, Path("net")).seed == 5


def test_a_training_of_no_project_gives_its_profile_only(tmp_path: Path, project: OpenProject) -> None:
    request = TrainRequest(dataset="/d/dataset/x", scale=4, profile=project.profile(), model="/m")
    assert profile_of(request) == project.profile()
    with pytest.raises(UsageError, match="which project"):
        write_project(request, Path("net"), tmp_path / "again", overwrite=False)
