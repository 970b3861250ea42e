"""The profiles that come with srtui: from the checkout when there is one, else from the wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

from srtui.config.degradation import Degradation
from srtui.config.profile import Profile
from srtui.config.reader import read_yaml
from srtui.errors import UsageError

T = TypeVar("T", Profile, Degradation)
Kind = Literal["training", "degradation"]


def folder() -> Path:
    """Folder of the shipped profiles."""
    package = Path(__file__).resolve().parents[1]
    checkout = package.parent / "profiles"
    return checkout if checkout.is_dir() else package / "profiles"


def names(kind: Kind) -> list[str]:
    """Names of the shipped profiles of a kind, sorted."""
    return sorted(path.stem for path in (folder() / kind).glob("*.yml"))


def training_profile(name: str, base: Path) -> Profile:
    """Profile by shipped name, or by path relative to ``base``."""
    return read_yaml(_find("training", name, base), Profile)


def degradation(name: str, base: Path) -> Degradation:
    """Degradation by shipped name, or by path relative to ``base``."""
    return read_yaml(_find("degradation", name, base), Degradation)


def _find(kind: Kind, name: str, base: Path) -> Path:
    if name in names(kind):
        return folder() / kind / f"{name}.yml"
    path = base / name
    if path.is_file():
        return path
    hint = f"shipped: {', '.join(names(kind))}; or give the path of a .yml file"
    raise UsageError(name, f"no such {kind} profile", hint=hint)
