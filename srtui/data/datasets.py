"""dataset.yml: what a whole dataset is, written last of all; and opening one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from srtui.config.degradation import Degradation
from srtui.config.project import Prepare, Scale, Source
from srtui.config.reader import read_yaml, to_yaml
from srtui.config.section import NotNegative, Positive, Section
from srtui.data.names import Split
from srtui.data.shards import ShardsReader
from srtui.data.store import StoreReader
from srtui.errors import UsageError
from srtui.files import write_whole

FILE = "dataset.yml"
PLAN = "plan.jsonl"
VERSION = 3
"""Of 1 and 2 only the content digest differs: one over all values, which only one machine can add up; and BLAKE2b."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content(Section):
    """Digests of what the stores hold (content.py), not of LMDB's files, which depend on their history."""

    all: str
    train: str
    val: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals(Section):
    """Pictures."""

    train: NotNegative
    val: NotNegative
    rejected: NotNegative


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Section):
    """What the dataset was made from."""

    sources: tuple[Source, ...]
    validation_sources: tuple[Source, ...] = ()
    prepare: Prepare
    degradation: Degradation


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFile(Section):
    """What dataset.yml says."""

    version: int = VERSION
    scale: Scale
    shards: Positive = 1
    """In how many parts the stores are, each in a folder of its own."""
    digest: str
    """Of the settings."""
    sources: str
    """Of the sources' names, sizes and times when the dataset was made."""
    content: Content
    totals: Totals
    settings: Settings


@dataclass(frozen=True, slots=True)
class Dataset:
    """A whole dataset."""

    folder: Path
    about: DatasetFile

    @property
    def scale(self) -> int:
        """How many times smaller lq is."""
        return self.about.scale

    @property
    def train(self) -> Path:
        """Store to train on, of a dataset that is not in shards."""
        return self.folder / "train.lmdb"

    @property
    def val(self) -> Path:
        """Store to validate on, of a dataset that is not in shards; it may be empty."""
        return self.folder / "val.lmdb"

    def reader(self, split: Split) -> StoreReader:
        """Pictures of a split, wherever they are."""
        if self.about.shards == 1:
            return StoreReader(self.folder / f"{split}.lmdb")
        return ShardsReader(self.folder, self.about.shards, split)


def open_dataset(folder: Path) -> Dataset:
    """Open the dataset in ``folder``.

    Raises
    ------
    UsageError
        If there is none, or it is not whole, or of a newer srtui.
    """
    file = folder / FILE
    if not file.is_file():
        if (folder / PLAN).is_file():
            raise UsageError(
                str(folder), "the dataset is not whole yet", hint="srtui prepare goes on where it was left"
            )
        raise UsageError(str(folder), "no dataset here", hint="srtui prepare makes one")
    version = _version(file)
    if version > VERSION:
        raise UsageError(str(file), f"format {version}, this srtui reads up to {VERSION}", hint="update srtui")
    return Dataset(folder, read_yaml(file, DatasetFile))


def write_dataset(folder: Path, about: DatasetFile) -> None:
    """Write dataset.yml: from now on the dataset is whole."""
    write_whole(folder / FILE, to_yaml(about))


def _version(file: Path) -> int:
    """Format of a file that may be of a newer srtui, with keys that this one does not know."""
    try:
        with file.open(encoding="utf-8") as text:
            value = yaml.safe_load(text.read(1 << 20))
    except (OSError, ValueError, yaml.YAMLError):
        return VERSION  # read_yaml says what is wrong, and where
    version = value.get("version", VERSION) if isinstance(value, dict) else VERSION
    return version if isinstance(version, int) else VERSION
