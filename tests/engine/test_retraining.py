"""A finished network carries everything that is needed to train it again: the same weights come out."""

from __future__ import annotations

from pathlib import Path

from srtui.config.project import Folder, Project, Synthetic, SyntheticPictures, Training
from srtui.config.reader import to_plain, to_yaml
from srtui.data import prepare
from srtui.engine import trainer
from srtui.engine.model_card import card_of
from srtui.engine.models import load_model
from srtui.jobs.context import JobContext
from srtui.jobs.folder import create
from srtui.project.folder import OpenProject, save_project
from srtui.project.model_facts import own_card, own_facts
from srtui.project.retraining import recipe_of, remarks, write_project
from tests.engine.training_cases import small_profile, small_stage

DEGRADATION = """
version: 1
name: half
scales: [2]
scenarios:
- {name: half, steps: [{step: resize, percent: {x2: 50}}]}
- {name: soft, steps: [{step: gaussian, sigma: [0.3, 1.2]}, {step: resize, percent: {x2: 50}}]}
"""


def test_the_project_of_a_card_trains_the_same_network(tmp_path: Path) -> None:
    first = project(tmp_path / "первый")
    done(first)
    model, digest = first.model, first.train_digest()
    card = own_card(model)
    assert card is not None
    for name in ("мой.yml", "порча.yml", "dataset"):
        (first.folder / name).rename(tmp_path / name)  # nothing but the file is left

    request = recipe_of(card, model)
    again = write_project(request, model, tmp_path / "ещё раз", overwrite=False)
    assert again.train_digest() == digest
    assert not remarks(again, request, card)
    done(again)

    assert load_model(again.model).card.dataset == card.dataset
    mine, theirs = own_facts(model), own_facts(again.model)
    assert mine is not None
    assert theirs is not None
    assert mine.digest == theirs.digest


def project(folder: Path) -> OpenProject:
    folder.mkdir()
    (folder / "мой.yml").write_text(to_yaml(small_profile(small_stage(8), checkpoint_every=100)), encoding="utf-8")
    (folder / "порча.yml").write_text(DEGRADATION, encoding="utf-8")
    settings = Project(
        scale=2,
        sources=(SyntheticPictures(synthetic=Synthetic(pictures=4, seed=1, width=96, height=64)),),
        validation_sources=(SyntheticPictures(synthetic=Synthetic(pictures=1, seed=2, width=64, height=64)),),
        degradation="порча.yml",
        training=Training(profile="мой.yml", iterations=4, seed=5),
    )
    return save_project(folder, settings)


def done(project: OpenProject) -> None:
    """Prepare and train, in this process."""
    asked = project.prepare_request(threads=1)
    prepare.run(JobContext(create(project.jobs, "prepare", to_plain(asked)), resumed=False), asked)
    wanted = project.train_request(device="cpu", threads=1)
    trainer.run(JobContext(create(project.jobs, "train", to_plain(wanted)), resumed=False), wanted)


def test_the_card_says_what_it_was_trained_on(tmp_path: Path) -> None:
    one = project(tmp_path / "проект")
    done(one)
    card = load_model(one.model).card
    assert card.dataset is not None
    assert card.dataset["digest"] == one.prepare_digest()
    assert card.dataset["pictures"] == {"train": 4, "val": 1, "rejected": 0}
    assert len(card.dataset["content"]) >= 32
    assert card.torch
    assert card.recipe is not None
    assert card.recipe["origin"]["degradation"]["name"] == "half"

    checkpoint = own_card(max(one.jobs.glob("*-train-*/checkpoints/*/ema.safetensors")))
    assert checkpoint is not None
    assert checkpoint.dataset == card.dataset

    begun = save_project(
        tmp_path / "дальше",
        Project(
            scale=2,
            sources=one.settings.sources,
            validation_sources=(Folder(folder="нет"),),
            degradation=str(one.folder / "порча.yml"),
            training=Training(profile=str(one.folder / "мой.yml"), start=str(one.model)),
        ),
    ).train_request(device="cpu", threads=1)
    start = card_of(load_model(one.model).net, begun).start
    assert start is not None
    assert start["name"] == one.model.name
    assert len(start["digest"]) == 32
