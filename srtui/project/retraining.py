"""From a network's card back to the settings that trained it: a profile, or a whole project."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from srtui.config.profile import Profile
from srtui.config.reader import from_plain, to_yaml
from srtui.config.requests import Origin, TrainRequest
from srtui.errors import ConfigurationError, UsageError
from srtui.files import write_whole
from srtui.project.cards import ModelCard, request_of
from srtui.project.folder import FILE, OpenProject, save_project, stretched
from srtui.project.sources import paths_of

PROFILE, DEGRADATION = "profile.yml", "degradation.yml"


def recipe_of(card: ModelCard | None, path: Path) -> TrainRequest:
    """What a network was trained with.

    Raises
    ------
    UsageError
        If the file does not say.
    """
    request = None if card is None else request_of(card, path)
    if request is not None:
        return request
    if card is not None and card.parents:
        names = " and ".join(each.name for each in card.parents)
        raise UsageError(str(path), f"is a blend of {names}", hint="--parent 1 or --parent 2 takes the recipe of one")
    hint = "networks that srtui trained carry theirs" if card is None else "another program trained it"
    raise UsageError(str(path), "carries no recipe", hint=hint)


def plain_recipe(recipe: Mapping[str, Any]) -> TrainRequest | None:
    """A recipe's request; None if this srtui does not know all that it says."""
    try:
        return from_plain(TrainRequest, recipe, where="the recipe")
    except ConfigurationError:
        return None


def profile_of(request: TrainRequest) -> Profile:
    """The profile as it was trained with, paths as they were written."""
    if request.origin is None:
        return request.profile
    return stretched(request.origin.profile, request.origin.project.training.iterations)


def profile_text(card: ModelCard, request: TrainRequest) -> str:
    """The profile as a file that ``srtui train --profile`` takes."""
    by = f"srtui {card.srtui}" + (f", torch {card.torch}" if card.torch else "")
    return f"# What a network was trained with: scale {card.scale}, seed {request.seed}, {by}.\n" + to_yaml(
        profile_of(request), defaults=False
    )


def write_project(request: TrainRequest, path: Path, folder: Path, *, overwrite: bool) -> OpenProject:
    """
    Write project.yml, profile.yml and degradation.yml, whose training is the one that the network comes from.

    Raises
    ------
    UsageError
        If there are such files, or the network does not say which project it comes from.
    """
    origin = _origin(request, path)
    there = [folder / name for name in (FILE, PROFILE, DEGRADATION) if (folder / name).exists()]
    if there and not overwrite:
        raise UsageError(str(there[0]), "exists already", hint="--overwrite replaces it, or choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / PROFILE, to_yaml(origin.profile, defaults=False))
    write_whole(folder / DEGRADATION, to_yaml(origin.degradation, defaults=False))
    training = dataclasses.replace(origin.project.training, profile=PROFILE)
    return save_project(folder, dataclasses.replace(origin.project, training=training, degradation=DEGRADATION))


def remarks(project: OpenProject, request: TrainRequest, card: ModelCard) -> list[str]:
    """What stands in the way of training it again: sources that are elsewhere, settings that now mean other things."""
    found = []
    before = Path(request.dataset).parents[1]
    for source in (*project.settings.sources, *project.settings.validation_sources):
        away = [text for text in paths_of(source) if not project.path(text).exists()]
        found += [f"{text}: not there; paths were meant from {before}" for text in away]
    if card.dataset and card.dataset.get("digest") != project.prepare_digest():
        found.append("this srtui makes another dataset of these settings than the one that was trained on")
    return found


def _origin(request: TrainRequest, path: Path) -> Origin:
    if request.origin is None:
        fact = "does not say which project it comes from"
        raise UsageError(str(path), fact, hint="srtui model recipe FILE -o profile.yml writes its profile")
    return request.origin
