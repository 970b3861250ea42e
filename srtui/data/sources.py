"""Where clean pictures come from: shelves of files, the generator; pairs.py has pairs, videos.py videos."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from srtui_kernels.dead_leaves import dead_leaves

from srtui.config.project import Folder, Lmdb, Pairs, Source, Synthetic, SyntheticPictures, Video
from srtui.data.pairs import PairSource
from srtui.data.pictures import Picture
from srtui.data.shelves import Shelf, open_shelf
from srtui.data.videos import Tell, VideoSource
from srtui.data.walk import Found, Stamp
from srtui.degradation.draws import key


class PictureSource(Protocol):
    """Pictures that are found once, and then read by name, in any order and from any thread."""

    @property
    def title(self) -> str:
        """How the source is called in names.csv."""

    @property
    def paired(self) -> bool:
        """Whether `read` gives lq as well."""

    @property
    def trusted(self) -> bool:
        """Whether its pictures are taken as clean material without a look."""

    @property
    def whole(self) -> Found | None:
        """What stands for all that it holds where finding takes long, so as to see whether it has changed."""

    def find(self) -> Iterator[Found]:
        """Everything that is there, in an order that depends on names only."""

    def stamps(self, name: str) -> tuple[Stamp, ...]:
        """Stamps of a picture's files as they are now."""

    def size(self, name: str) -> tuple[int, int]:
        """Width and height, without decoding; raises PictureRejected, or MismatchError for a pair."""

    def read(self, name: str, address: str) -> tuple[Picture, Picture | None]:
        """Decode gt, and the lq of a pair; raises PictureRejected."""


def open_source(source: Source, scale: int, tell: Tell = lambda _done: None) -> PictureSource:
    """Open what project.yml names.

    Parameters
    ----------
    tell
        Called with the number of frames of a video that were looked at; may raise to stop.

    Raises
    ------
    UsageError
        If it is missing, or not what the file says.
    """
    match source:
        case Folder():
            return FileSource(open_shelf(source.folder), trusted=source.insist)
        case Lmdb():
            return FileSource(open_shelf(source.lmdb, as_lmdb=True), trusted=source.insist)
        case Pairs():
            return PairSource(source.pairs, scale, trusted=source.insist)
        case Video():
            return VideoSource(source, tell)
        case SyntheticPictures():
            return SyntheticSource(source.synthetic)


class FileSource:
    """Every picture of a shelf."""

    paired = False
    whole = None

    def __init__(self, shelf: Shelf, *, trusted: bool) -> None:
        self.title, self.trusted = shelf.title, trusted
        self._shelf = shelf

    def find(self) -> Iterator[Found]:
        """Every file."""
        return self._shelf.find()

    def stamps(self, name: str) -> tuple[Stamp, ...]:
        """Size and time of the file."""
        return self._shelf.stamps(name)

    def size(self, name: str) -> tuple[int, int]:
        """Width and height of the upright picture."""
        header = self._shelf.header(name)
        return header.width, header.height

    def read(self, name: str, address: str) -> tuple[Picture, None]:  # noqa: ARG002 - of the protocol
        """Decode the file."""
        return self._shelf.read(name), None


class SyntheticSource:
    """Dead leaves, by number."""

    paired = False
    trusted = True
    whole = None

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

    def read(self, name: str, address: str) -> tuple[Picture, None]:  # noqa: ARG002 - of the protocol
        """Generate the picture."""
        seed = key(self._section.seed, "dead leaves", int(name))
        return dead_leaves(self._section.height, self._section.width, seed), None
