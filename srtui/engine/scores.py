"""How good a network is: every validation picture restored and compared with gt, beside plain bicubic enlargement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, MutableMapping
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srtui.data.store import StoreReader
from srtui.engine import metrics
from srtui.engine.metrics import WINDOW, Figures, compare
from srtui.engine.restorer import Restorer
from srtui.errors import NothingUsableError
from srtui.ordered import in_order, thread_count

Picture = NDArray[np.uint8]
Progress = Callable[[int, int], None]
"""Called with pictures done and in all, after every tile; what it raises ends the validation."""

_THREADS = 8  # beyond, memory is what they wait for


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

    def plain(self) -> dict[str, Any]:
        """As reports and events hold it."""
        return {**asdict(self), "gain_y": self.gain_y}


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureScore:
    """One validation picture."""

    scenario: str
    score: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What a network did on all validation pictures; means are over pictures."""

    pictures: tuple[PictureScore, ...]
    too_small: tuple[str, ...] = ()
    """Pictures that hold no SSIM window inside the border; they are left out."""

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

    def plain(self) -> dict[str, Any]:
        """Means, as reports and events hold them."""
        return {"mean": self.mean.plain(), "scenarios": [score.plain() for score in self.scenarios]}


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
    show: Collection[str] = (),
    see: Callable[[Seen], None] = lambda _seen: None,
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
        Pictures to take, by default all: how ranks share the work.
    show, see
        Pictures that ``see`` is called with, in their order.
    progress
        Called after every tile.

    Raises
    ------
    UsageError
        If lq and gt are not ``scale`` apart.
    NothingUsableError
        If no picture can be measured.
    """
    names = reader.names if names is None else names
    least = WINDOW + 2 * restore.net.scale
    too_small = tuple(name for name in names if min(reader.gt(name).shape[:2]) < least)
    usable = [name for name in names if name not in too_small]
    if not usable:
        fact = f"all {len(too_small)} are smaller than {least} pixels" if too_small else "there are none"
        raise NothingUsableError("validation pictures", fact, hint="srtui prepare with more, or larger, pictures")
    scores = []
    for seen in _compared(restore, reader, usable, {} if bicubic is None else bicubic, progress):
        scores.append(PictureScore(scenario=seen.scenario, score=seen.score))
        if seen.name in show:
            see(seen)
    return Validation(pictures=tuple(scores), too_small=too_small)


def enlarge_bicubic(lq_hwc: Picture, scale: int) -> Picture:
    """What a network must beat: Pillow's bicubic."""
    height, width = lq_hwc.shape[:2]
    enlarged = Image.fromarray(lq_hwc).resize((width * scale, height * scale), Image.Resampling.BICUBIC)
    return np.asarray(enlarged)


def _compared(
    restore: Restorer, reader: StoreReader, names: list[str], bicubic: MutableMapping[str, Figures], progress: Progress
) -> Iterator[Seen]:
    """Restore here, compare in threads: beside a GPU the comparing would take most of the time."""

    def restored() -> Iterator[tuple[str, Picture]]:
        for done, name in enumerate(names):
            yield name, restore(reader.lq(name), partial(tell, done))

    def tell(done: int, _tile: int, _tiles: int) -> None:
        progress(done, len(names))

    def see(item: tuple[str, Picture]) -> Seen:
        return _seen(reader, *item, bicubic)

    with closing(in_order(see, restored(), min(thread_count(0), _THREADS))) as seen:
        yield from seen
    progress(len(names), len(names))


def _seen(reader: StoreReader, name: str, network_hwc: Picture, bicubic: MutableMapping[str, Figures]) -> Seen:
    lq_hwc, gt_hwc = reader.lq(name), reader.gt(name)
    scale = max(network_hwc.shape[0] // lq_hwc.shape[0], 1)
    bicubic_hwc = enlarge_bicubic(lq_hwc, scale)
    if name not in bicubic:
        bicubic[name] = compare(bicubic_hwc, gt_hwc, scale)
    network = compare(network_hwc, gt_hwc, scale)
    return Seen(
        name=name,
        scenario=reader.scenario(name),
        score=Score(name=name, pictures=1, bicubic=bicubic[name], network=network),
        lq_hwc=lq_hwc,
        bicubic_hwc=bicubic_hwc,
        network_hwc=network_hwc,
        gt_hwc=gt_hwc,
    )


def _mean(name: str, scores: Iterable[Score]) -> Score:
    rows = list(scores)
    return Score(
        name=name,
        pictures=len(rows),
        bicubic=metrics.mean(row.bicubic for row in rows),
        network=metrics.mean(row.network for row in rows),
    )
