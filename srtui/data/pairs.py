"""Pictures that were paired elsewhere: two shelves, compared name by name and size by size before work begins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from srtui.config.project import PairFolders
from srtui.data.pictures import Picture
from srtui.data.rejection import PictureRejected
from srtui.data.shelves import is_lmdb, open_shelf
from srtui.data.walk import Found, Stamp, stem_of


class MismatchError(Exception):
    """A pair that is none; the text says why."""


class PairSource:
    """Two shelves; an lq is called like its gt, with any suffix, or with x2, x3 or x4 before it (as DIV2K's are)."""

    paired = True
    whole = None

    def __init__(self, section: PairFolders, scale: int, *, trusted: bool) -> None:
        self._gt, self._lq = (open_shelf(path, as_lmdb=is_lmdb(Path(path))) for path in (section.gt, section.lq))
        self.title, self.trusted = f"{self._gt.title} + {self._lq.title}", trusted
        self._scale = scale
        self._partners: dict[str, str] = {}

    def find(self) -> Iterator[Found]:
        """Every gt with its lq; then every lq that was left over, as a mismatch."""
        waiting: dict[str, Found] = {}
        self._partners = {}
        for small in self._lq.find():
            other = small if small.reason else waiting.setdefault(stem_of(small.name), small)
            if small.reason:
                yield Found(name=f"{small.name} (lq)", reason=small.reason)
            elif other is not small:
                yield Found(name=f"{small.name} (lq)", mismatch=f"there is {other.name} as well")
        for found in self._gt.find():
            yield found if found.reason else self._pair(found, waiting)
        for small in waiting.values():
            yield Found(name=f"{small.name} (lq)", mismatch="there is no gt of this name")

    def _pair(self, found: Found, waiting: dict[str, Found]) -> Found:
        stem = stem_of(found.name)
        small = waiting.pop(stem, None) or waiting.pop(f"{stem}x{self._scale}", None)
        if small is None:
            return Found(name=found.name, mismatch="there is no lq of this name, or another gt has it")
        self._partners[found.name] = small.name
        return Found(name=found.name, stamps=found.stamps + small.stamps)

    def stamps(self, name: str) -> tuple[Stamp, ...]:
        """Sizes and times of both files."""
        return self._gt.stamps(name) + self._lq.stamps(self._partners[name])

    def size(self, name: str) -> tuple[int, int]:
        """Width and height of gt, after comparing both."""
        gt, lq = self._gt.header(name), self._lq.header(self._partners[name])
        self._compare((gt.width, gt.height), (lq.width, lq.height))
        return gt.width, gt.height

    def read(self, name: str, address: str) -> tuple[Picture, Picture]:  # noqa: ARG002 - of the protocol
        """Decode both files."""
        gt_hwc, lq_hwc = self._gt.read(name), self._lq.read(self._partners[name])
        try:
            self._compare((gt_hwc.shape[1], gt_hwc.shape[0]), (lq_hwc.shape[1], lq_hwc.shape[0]))
        except MismatchError as error:
            raise PictureRejected(str(error)) from None
        return gt_hwc, lq_hwc

    def _compare(self, gt: tuple[int, int], lq: tuple[int, int]) -> None:
        if (lq[0] * self._scale, lq[1] * self._scale) != gt:
            sizes = f"gt is {gt[0]}×{gt[1]}, lq {lq[0]}×{lq[1]}"
            raise MismatchError(f"{sizes}: lq must be exactly {self._scale} times smaller")
