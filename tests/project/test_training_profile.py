"""What a project makes of its training profile before a job is asked to train."""

from __future__ import annotations

from pathlib import Path

import pytest

from srtui.config import shipped
from srtui.config.profile import Profile
from srtui.config.project import Project, Training
from srtui.config.reader import to_plain
from srtui.errors import UsageError
from srtui.project.folder import OpenProject, save_project


def opened(folder: Path, **training: str) -> OpenProject:
    return save_project(folder / "проект", Project(training=Training(**training)))  # type: ignore[arg-type] # all are text


def test_finetune_without_a_network_to_begin_from_is_refused(tmp_path: Path) -> None:
    project = opened(tmp_path, profile="finetune")
    with pytest.raises(UsageError, match="goes on with a network that was trained before") as caught:
        project.train_request()
    assert caught.value.where == str(project.file)
    opened(tmp_path, profile="fast").train_request()


def test_weights_of_a_perceptual_loss_are_relative_to_the_project(tmp_path: Path) -> None:
    text = (shipped.folder() / "training" / "quality.yml").read_text()
    project = opened(tmp_path, profile="mine.yml")
    (project.folder / "mine.yml").write_text(text.replace("        weight: 1.0\n", "        weights: vgg 19.pth\n"))

    def weights(profile: Profile) -> list[str]:
        return [stage.losses.perceptual.weights for stage in profile.stages if stage.losses.perceptual is not None]

    assert weights(project.train_request().profile) == [str(project.folder / "vgg 19.pth")]
    assert weights(project.profile()) == ["vgg 19.pth"]  # of which the digest is made: a project can be moved
    assert to_plain(project.profile().stages[0]) == to_plain(project.train_request().profile.stages[0])
