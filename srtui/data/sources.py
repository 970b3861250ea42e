"""Where clean pictures come from: folders, the generator, and (pairs.py) folders of pairs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from srtui_kernels.dead_leaves import dead_leaves

from srtui.config.project import Synthetic
from srtui.data.pictures import Picture, read_header, read_picture
from srtui.data.walk import Found, Stamp, stamps_of, walk
from srtui.degradation.draws import key


class PictureSource(Protocol):
    """Pictures that are found once, and then read by name, in any order and from any thread."""

    @property
    def title(self) -> str:
        """How the source is called in names.csv."""

    @property
    def paired(self) -> bool:
        """Whether `read` gives lq as well."""

    def find(self) -> Iterator[Found]:
        """Everything that is there, in an order that depends on names only."""

    def stamps(self, name: str) -> tuple[Stamp, ...]:
        """Stamps of a picture's files as they are now."""

    def size(self, name: str) -> tuple[int, int]:
        """Width and height, without decoding; raises PictureRejected, or MismatchError for a pair."""

    def read(self, name: str) -> tuple[Picture, Picture | None]:
        """Decode gt, and the lq of a pair; raises PictureRejected."""


class FolderSource:
    """Every picture below a folder."""

    paired = False

    def __init__(self, folder: Path) -> None:
        self.title = str(folder)
        self._folder = folder

    def find(self) -> Iterator[Found]:
        """Every file that is not hidden."""
        return walk(self._folder)

    def stamps(self, name: str) -> tuple[Stamp, ...]:
        """Size and time of the file."""
        return stamps_of(self._folder / name)

    def size(self, name: str) -> tuple[int, int]:
        """Width and height of the upright picture."""
        header = read_header(self._folder / name)
        return header.width, header.height

    def read(self, name: str) -> tuple[Picture, None]:
        """Decode the file."""
        return read_picture(self._folder / name), None


class SyntheticSource:
    """Dead leaves, by number."""

    paired = False

    def __init__(self, section: Synthetic) -> None:
        self.title = f"synthetic (seed {section.seed})"
        self._section = section

    def find(self) -> Iterator[Found]:
        """One entry per number."""
        return (Found(name=f"{index:06d}") for index in range(self._section.pictures))

    def stamps(self, name: str) -> tuple[Stamp, ...]:  # noqa: ARG002 - of the protocol
        """Nothing that could change."""
        return ()

    def size(self, name: str) -> tuple[int, int]:  # noqa: ARG002 - of the protocol
        """As the section says."""
        return self._section.width, self._section.height

    def read(self, name: str) -> tuple[Picture, None]:
        """Generate the picture."""
        seed = key(self._section.seed, "dead leaves", int(name))
        return dead_leaves(self._section.height, self._section.width, seed), None
