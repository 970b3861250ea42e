"""How good a network is: every validation picture restored and compared with gt, beside plain bicubic enlargement."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, MutableMapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srtui.data.store import StoreReader
from srtui.engine import metrics
from srtui.engine.block_amplification import amplification, is_amplified, lattice_energy
from srtui.engine.metrics import WINDOW, Figures, compare
from srtui.engine.restorer import Restorer
from srtui.errors import NothingUsableError
from srtui.ordered import in_order, thread_count

Picture = NDArray[np.uint8]
Progress = Callable[[int, int], None]
"""Called with pictures done and in all, after every tile; what it raises ends the validation."""

Distance = Callable[[Picture, Picture, int], float | None]
"""Of a restored picture from gt, a border left out: LPIPS."""

_THREADS = 8  # beyond, memory is what they wait for
_MEMORY = 2 << 30  # bytes that comparing may take
_COMPARING = 20  # bytes for each byte of gt: planes in float64, their squares and products, the pictures themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Figures of one picture, or the means of several."""

    name: str
    """Of the picture or of the scenario."""
    pictures: int
    bicubic: Figures
    network: Figures

    @property
    def gain_y(self) -> float:
        """Y-PSNR of the network over bicubic, in dB."""
        return self.network.psnr_y - self.bicubic.psnr_y

    @property
    def amplification_8(self) -> float | None:
        """How many times as high the edges of 8 × 8 blocks are as bicubic's."""
        return amplification(self.network.blocks_8, self.bicubic.blocks_8)

    @property
    def amplification_16(self) -> float | None:
        """How many times as high the edges of 16 × 16 blocks are as bicubic's."""
        return amplification(self.network.blocks_16, self.bicubic.blocks_16)

    @property
    def amplified(self) -> bool:
        """Whether the network takes blocks for objects."""
        of_8 = is_amplified(self.network.blocks_8, self.bicubic.blocks_8)
        return of_8 or is_amplified(self.network.blocks_16, self.bicubic.blocks_16)

    def plain(self) -> dict[str, Any]:
        """As reports and events hold it."""
        times = {"amplification_8": self.amplification_8, "amplification_16": self.amplification_16}
        return {**asdict(self), "gain_y": self.gain_y, **times, "amplified": self.amplified}


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureScore:
    """One validation picture."""

    scenario: str
    score: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What a network did on validation pictures; every mean is over pictures, never over means of parts."""

    pictures: tuple[PictureScore, ...]
    too_small: tuple[str, ...] = ()
    """Pictures that hold no SSIM window inside the border; they are left out."""

    @classmethod
    def joined(cls, parts: Iterable[Validation]) -> Validation:
        """Put together what ranks did; a picture that several did counts once. In the order of names."""
        pictures: dict[str, PictureScore] = {}
        too_small: set[str] = set()
        for part in parts:
            for each in part.pictures:
                pictures.setdefault(each.score.name, each)
            too_small.update(part.too_small)
        return cls(pictures=tuple(pictures[name] for name in sorted(pictures)), too_small=tuple(sorted(too_small)))

    def to_bytes(self) -> bytes:
        """As it travels between ranks; every number arrives to the last bit."""
        rows = [
            {"scenario": each.scenario, "name": each.score.name, **{s: asdict(getattr(each.score, s)) for s in _SIDES}}
            for each in self.pictures
        ]
        return json.dumps({"pictures": rows, "too_small": self.too_small}).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Validation:
        """What `to_bytes` gave."""
        plain = json.loads(content)
        pictures = [
            PictureScore(
                scenario=row["scenario"],
                score=Score(name=row["name"], pictures=1, **{side: Figures(**row[side]) for side in _SIDES}),
            )
            for row in plain["pictures"]
        ]
        return cls(pictures=tuple(pictures), too_small=tuple(plain["too_small"]))

    def assert_measured(self, scale: int) -> Validation:
        """Give this very validation, if there is anything in it.

        Raises
        ------
        NothingUsableError
            If no picture could be measured.
        """
        if not self.pictures:
            small = f"all {len(self.too_small)} are smaller than {_least(scale)} pixels"
            fact = small if self.too_small else "there are none"
            raise NothingUsableError("validation pictures", fact, hint="srtui prepare with more, or larger, pictures")
        return self

    @property
    def mean(self) -> Score:
        """Over all pictures."""
        return _mean("all", (each.score for each in self.pictures))

    @property
    def scenarios(self) -> tuple[Score, ...]:
        """Per scenario, by name."""
        names = sorted({each.scenario for each in self.pictures})
        return tuple(_mean(name, (p.score for p in self.pictures if p.scenario == name)) for name in names)

    @property
    def losing(self) -> tuple[str, ...]:
        """Scenarios in which bicubic is better."""
        return tuple(score.name for score in self.scenarios if score.gain_y < 0)

    @property
    def amplifying(self) -> tuple[str, ...]:
        """Scenarios in which the network takes blocks for objects."""
        return tuple(score.name for score in self.scenarios if score.amplified)

    def plain(self) -> dict[str, Any]:
        """Means, as reports and events hold them."""
        return {"mean": self.mean.plain(), "scenarios": [score.plain() for score in self.scenarios]}


_SIDES = ("bicubic", "network")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The pictures behind a score; all RGB uint8, the last three of gt's size."""

    name: str
    scenario: str
    score: Score
    lq_hwc: Picture
    bicubic_hwc: Picture
    network_hwc: Picture
    gt_hwc: Picture


def validate_network(
    restore: Restorer,
    reader: StoreReader,
    *,
    bicubic: MutableMapping[str, Figures] | None = None,
    names: Collection[str] | None = None,
    lpips: Distance | None = None,
    show: Collection[str] = (),
    see: Callable[[Seen], None] = lambda _seen: None,
    keep: Callable[[Seen], None] = lambda _seen: None,
    threads: int = 0,
    progress: Progress = lambda _done, _total: None,
) -> Validation:
    """
    Restore validation pictures and compare them with gt, with a border of ``scale`` left out.

    Parameters
    ----------
    restore
        The network, with its way to restore.
    reader
        The validation store.
    bicubic
        Figures of bicubic per picture, from an earlier call on the same store; filled here.
    names
        Pictures to take, by default all. Ranks share the work with this, and `Validation.joined` puts it together; a
        part may be empty.
    lpips
        Measures the learned distance too.
    show, see
        Pictures that ``see`` is called with, in their order.
    keep
        Called with every picture, in the threads that compare, as they come.
    threads
        To compare in, at most; 0: one per core.
    progress
        Called after every tile.

    Raises
    ------
    UsageError
        If lq and gt are not ``scale`` apart.
    NothingUsableError
        If all pictures were to be taken, and none can be measured.
    """
    taken = reader.names if names is None else list(names)
    least = _least(restore.net.scale)
    sides = {name: reader.gt(name).shape for name in taken}
    too_small = tuple(name for name in taken if min(sides[name][:2]) < least)
    usable = [name for name in taken if name not in too_small]
    largest = max((height * width * 3 for height, width, _ in (sides[name] for name in usable)), default=0)
    workers = max(min(thread_count(threads), _THREADS, _MEMORY // max(largest * _COMPARING, 1)), 1)
    comparing = _Comparing(restore, reader, {} if bicubic is None else bicubic, lpips, keep)
    scores = []
    for seen in comparing.compared(usable, workers, progress):
        scores.append(PictureScore(scenario=seen.scenario, score=seen.score))
        if seen.name in show:
            see(seen)
    found = Validation(pictures=tuple(scores), too_small=too_small)
    return found.assert_measured(restore.net.scale) if names is None else found


def _least(scale: int) -> int:
    """Smallest side that can be measured."""
    return WINDOW + 2 * scale


def enlarge_bicubic(lq_hwc: Picture, scale: int) -> Picture:
    """What a network must beat: Pillow's bicubic."""
    height, width = lq_hwc.shape[:2]
    enlarged = Image.fromarray(lq_hwc).resize((width * scale, height * scale), Image.Resampling.BICUBIC)
    return np.asarray(enlarged)


class _Restored(NamedTuple):
    name: str
    network_hwc: Picture
    lpips: float | None
    bicubic_lpips: float | None


@dataclass(frozen=True, slots=True)
class _Comparing:
    """Restores, and measures the learned distance, here; compares in threads: it would take most of the time."""

    restore: Restorer
    reader: StoreReader
    bicubic: MutableMapping[str, Figures]
    lpips: Distance | None
    keep: Callable[[Seen], None]

    def compared(self, names: list[str], workers: int, progress: Progress) -> Iterator[Seen]:
        """Every picture, in order."""

        def restored() -> Iterator[_Restored]:
            for done, name in enumerate(names):
                yield self._restored(name, partial(tell, done))

        def tell(done: int, _tile: int, _tiles: int) -> None:
            progress(done, len(names))

        with closing(in_order(self._seen, restored(), workers, ahead=workers + 2)) as seen:
            yield from seen
        progress(len(names), len(names))

    def _restored(self, name: str, tell: Callable[[int, int], None]) -> _Restored:
        network_hwc = self.restore(self.reader.lq(name), tell)
        gt_hwc, scale = self.reader.gt(name), self.restore.net.scale
        if self.lpips is None or network_hwc.shape != gt_hwc.shape:
            return _Restored(name, network_hwc, None, None)
        known = self.bicubic.get(name)
        bicubic = (
            self.lpips(enlarge_bicubic(self.reader.lq(name), scale), gt_hwc, scale) if known is None else known.lpips
        )
        return _Restored(name, network_hwc, self.lpips(network_hwc, gt_hwc, scale), bicubic)

    def _seen(self, restored: _Restored) -> Seen:
        name, network_hwc = restored.name, restored.network_hwc
        lq_hwc, gt_hwc, scale = self.reader.lq(name), self.reader.gt(name), self.restore.net.scale
        bicubic_hwc = enlarge_bicubic(lq_hwc, scale)
        if name not in self.bicubic:
            self.bicubic[name] = _figures(bicubic_hwc, gt_hwc, scale, restored.bicubic_lpips)
        network = _figures(network_hwc, gt_hwc, scale, restored.lpips)
        seen = Seen(
            name=name,
            scenario=self.reader.scenario(name),
            score=Score(name=name, pictures=1, bicubic=self.bicubic[name], network=network),
            lq_hwc=lq_hwc,
            bicubic_hwc=bicubic_hwc,
            network_hwc=network_hwc,
            gt_hwc=gt_hwc,
        )
        self.keep(seen)
        return seen


def _figures(restored_hwc: Picture, gt_hwc: Picture, scale: int, lpips: float | None) -> Figures:
    figures, blocks = compare(restored_hwc, gt_hwc, scale), lattice_energy(restored_hwc, gt_hwc, scale)
    if blocks is None:
        return replace(figures, lpips=lpips)
    return replace(figures, lpips=lpips, blocks_8=blocks.of_8, blocks_16=blocks.of_16)


def _mean(name: str, scores: Iterable[Score]) -> Score:
    rows = list(scores)
    return Score(
        name=name,
        pictures=len(rows),
        bicubic=metrics.mean(row.bicubic for row in rows),
        network=metrics.mean(row.network for row in rows),
    )
