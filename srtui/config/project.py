"""What project.yml may say: everything that the user chose. Paths are relative to the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Len
from pydantic import Discriminator, Tag

from srtui.config.checks import Checks
from srtui.config.section import NotNegative, Positive, Section, Seed
from srtui.config.validation import Lpips, Room

Scale = Literal[1, 2, 3, 4]
Path = Annotated[str, Len(1, 4096)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder(Section):
    """Clean pictures below a folder."""

    folder: Path
    """Searched with everything below it."""
    insist: bool = False
    """Takes interlaced, blocky, soft and flat pictures too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthetic(Section):
    """Numbers of a set of generated pictures (dead leaves): no download needed."""

    pictures: Annotated[int, Ge(1), Le(100_000)] = 200
    """How many."""
    seed: Seed = 1
    """The same seed gives the same pictures."""
    width: Annotated[int, Ge(32), Le(8192)] = 768
    """Width of each, in pixels."""
    height: Annotated[int, Ge(32), Le(8192)] = 512
    """Height of each, in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPictures(Section):
    """Generated pictures."""

    synthetic: Synthetic


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFolders(Section):
    """Two folders, or two LMDBs of BasicSR, with the same names: the clean picture and the spoiled one."""

    gt: Path
    """Clean pictures."""
    lq: Path
    """The same pictures, ``scale`` times smaller and spoiled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs(Section):
    """Pictures that were paired elsewhere; the degradation is left out for them."""

    pairs: PairFolders
    insist: bool = False
    """Takes interlaced, blocky, soft and flat pictures too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lmdb(Section):
    """Clean pictures in an LMDB of BasicSR (version 1.4: PNG values and meta_info.txt)."""

    lmdb: Path
    """The folder that holds data.mdb."""
    insist: bool = False
    """Takes interlaced, blocky, soft and flat pictures too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Video(Section):
    """Frames of a clean, progressive video: the sharpest over its scenes."""

    video: Path
    """A video file."""
    frames: NotNegative = 0
    """How many at most; 0: one for every ten seconds of each scene."""
    insist: bool = False
    """Takes interlaced, blocky, soft and flat material too."""


def _kind_of_source(value: Any) -> str | None:
    names = ("folder", "synthetic", "pairs", "lmdb", "video")
    if isinstance(value, Mapping):
        return next((name for name in names if name in value), None)
    return next((name for name in names if hasattr(value, name)), None)


Source = Annotated[
    Annotated[Folder, Tag("folder")]
    | Annotated[SyntheticPictures, Tag("synthetic")]
    | Annotated[Pairs, Tag("pairs")]
    | Annotated[Lmdb, Tag("lmdb")]
    | Annotated[Video, Tag("video")],
    Discriminator(_kind_of_source),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage(Section):
    """A tape to restore: scanned, previewed, judged by eye; never gt."""

    video: Path
    """A video file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare(Section):
    """How sources become a dataset."""

    multiple: Annotated[int, Ge(1), Le(256)] = 16
    """Both sides are brought to a multiple of this many pixels."""
    fit: Literal["crop", "resize"] = "crop"
    """crop cuts the rest off; resize squeezes to the nearest multiple."""
    anchor: Literal["centre", "top-left"] = "centre"
    """Which part a crop keeps."""
    validation: Annotated[float, Ge(0), Le(100_000)] = 0.1
    """Pictures kept for validation: a share below 1, or a count."""
    seed: Seed = 7
    """Decides the split and which picture is dealt which scenario."""
    degradation_mode: Literal["fixed", "live"] = "fixed"
    """fixed spoils each picture once, while preparing; live spoils each crop anew while training."""
    checks: Checks = field(default_factory=Checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Training(Section):
    """Which profile, and what is changed in it."""

    profile: Path = "fast"
    """A shipped profile's name or the path of a file."""
    iterations: Positive | None = None
    """Updates in all; the profile's stages are stretched to it."""
    seed: Seed = 1
    """Decides the first weights and every crop."""
    start: Annotated[str, Len(0, 4096)] = ""
    """A network file to begin from, ours or another program's; another scale is taken as far as it fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore(Section):
    """One thing to restore with the trained network."""

    input: Path
    """A picture or a folder of pictures."""
    output: Path
    """Where the result goes: a picture, or a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validate(Section):
    """How networks are measured, in training and after it; nothing here changes a network."""

    minimum_gain: Annotated[float, Gt(-100), Le(100)] | None = None
    """Mean Y-PSNR over bicubic, in dB, below which `validate` says no and a run has not passed."""
    lpips: Lpips | None = None
    """Learned perceptual distance, if its weights are there."""
    pictures_gb: Room = 1.0
    """Gigabytes that pictures through time may take in a training's folder; 0 keeps none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project(Section):
    """One set of tapes, one network."""

    version: Literal[1] = 1
    """Format of the file."""
    scale: Scale = 2
    """How many times larger the restored picture is; 2 suits tapes, 4 is the classic recipe."""
    sources: tuple[Source, ...] = ()
    """Clean pictures: what the network should learn to make."""
    validation_sources: tuple[Source, ...] = ()
    """Clean pictures to validate on; without them a part of the sources is kept for it."""
    footage: tuple[Footage, ...] = ()
    """The tapes to restore."""
    prepare: Prepare = field(default_factory=Prepare)
    degradation: Path = "photoshop-six"
    """A shipped degradation's name or the path of a file."""
    training: Training = field(default_factory=Training)
    validate: Validate = field(default_factory=Validate)
    restore: tuple[Restore, ...] = ()
    """What `run` restores in the end."""

    def __post_init__(self) -> None:
        if self.prepare.multiple % self.scale:
            fact = f"prepare.multiple ({self.prepare.multiple}) must be a multiple of scale ({self.scale})"
            raise ValueError(fact)
