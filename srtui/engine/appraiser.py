"""Validation while a network is trained: figures beside bicubic's, and pictures to see it improve."""

from __future__ import annotations

from srtui.config.requests import TrainRequest
from srtui.data.store import StoreReader
from srtui.engine.announcing import alarm_of, curves_of, event_of
from srtui.engine.choosing import spread_over_scenarios
from srtui.engine.glimpses import read_glimpses
from srtui.engine.lpips import Lpips
from srtui.engine.metrics import Figures
from srtui.engine.networks import SRNetwork
from srtui.engine.previews import INDEX, Album, Entry, Shown
from srtui.engine.ranks import Alone, Ranks
from srtui.engine.restorer import Restorer
from srtui.engine.scores import Score, Validation, enlarge_bicubic, validate_network
from srtui.engine.tensorboard import Curves
from srtui.errors import NothingUsableError, SrtuiError
from srtui.jobs.context import JobContext, Stopped

FIRST = 6
"""Pictures, in turn from every scenario, that come first where there is no room for all."""


class Appraiser:
    """
    Measures a network on the validation pictures, in fp32, as ``srtui validate`` does; ranks share the pictures.

    Parameters
    ----------
    job
        What is told goes there.
    reader
        The validation store.
    curves
        For TensorBoard.
    request
        What to look at and measure besides; by default nothing.
    ranks
        The processes that train together; by default this one alone.
    """

    def __init__(
        self,
        job: JobContext,
        reader: StoreReader,
        curves: Curves,
        request: TrainRequest | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        self._job, self._reader, self._curves = job, reader, curves
        self._ranks: Ranks = ranks or Alone()
        self._leads = self._ranks.rank == 0
        self._bicubic: dict[str, Figures] = {}
        self._possible, self._amplified = True, False
        self._lpips = self._open_lpips(request)
        self._glimpses = read_glimpses(request.look_at if request else (), self._alarm)
        self._room = int((1.0 if request is None else request.pictures_gb) * 1e9)
        self._looks = bool(request and request.look_at)  # as asked: ranks that cannot read a frame still go along
        self._iterations = 0 if request is None else request.profile.iterations
        self._album: Album | None = None

    def appraise(self, net: SRNetwork, iteration: int) -> Score | None:
        """
        Measure ``net`` and report it; all ranks call this at the same iteration, and all get the same result.

        Returns
        -------
        None where there is nothing to measure on.

        Raises
        ------
        Stopped
            On all ranks, when any was asked to, after the tile under way.
        """
        if not self._possible and not self._looks:
            return None
        album = self._album = self._album or self._open_album(net.scale)
        stopped = False
        try:
            part = self._measure(net, album, iteration)
        except Stopped:
            part, stopped = Validation(pictures=()), True
        if self._ranks.any(stopped):
            raise Stopped
        if self._leads and self._iterations:
            self._job.progress(iteration, self._iterations, "iterations")
        parts = self._ranks.gather(part.to_bytes())
        joined = Validation.joined(Validation.from_bytes(each) for each in parts)
        found = Validation.from_bytes(self._ranks.share(joined.to_bytes()))
        if self._leads:
            self._keep_index(album, iteration, found)
        return self._report(found, iteration, net.scale)

    def _measure(self, net: SRNetwork, album: Album, iteration: int) -> Validation:
        """Do this rank's part."""
        ranks, names = self._ranks, self._reader.names
        restore = Restorer(net, note=self._job.alarm)
        found = validate_network(
            restore,
            self._reader,
            bicubic=self._bicubic,
            names=names[ranks.rank :: ranks.count],
            lpips=self._lpips,
            keep=lambda seen: album.add(seen.name, Shown.of(seen), iteration),
            threads=ranks.threads,
            progress=lambda done, total: self._tick(iteration, done, total),
        )
        for glimpse in self._glimpses[ranks.rank :: ranks.count]:
            network_hwc = restore(glimpse.lq_hwc, lambda _tile, _tiles: self._job.check())
            bicubic_hwc = enlarge_bicubic(glimpse.lq_hwc, net.scale)
            album.add(glimpse.entry.name, Shown(bicubic_hwc, network_hwc), iteration)
        return found

    def _tick(self, iteration: int, done: int, total: int) -> None:
        self._job.check()
        if self._leads and self._iterations:
            self._job.progress(iteration, self._iterations, "iterations", validating=f"{done}/{total}")

    def _report(self, found: Validation, iteration: int, scale: int) -> Score | None:
        try:
            found.assert_measured(scale)
        except NothingUsableError as error:
            if self._possible:
                self._alarm(f"nothing to validate on ({error.fact}): the network is trained, but not measured")
            self._possible = False
            return None
        if self._leads:
            self._job.event("validation", iteration=iteration, **event_of(found))
            self._curves.add(iteration, curves_of(found))
            self._warn(found)
        return found.mean

    def _warn(self, found: Validation) -> None:
        """Raise the alarm when blocks begin to be amplified, and not at every validation from then on."""
        text = alarm_of(found)
        if text and not self._amplified:
            self._alarm(text)
        self._amplified = bool(text)

    def _alarm(self, text: str) -> None:
        if self._leads:
            self._job.alarm(text)

    def _open_lpips(self, request: TrainRequest | None) -> Lpips | None:
        """Files that do not fit are told once: they are no reason not to train."""
        if request is None or request.lpips is None:
            return None
        try:
            return Lpips(request.lpips, self._ranks.device)
        except SrtuiError as error:
            self._alarm(f"LPIPS is not measured: {error.subject}: {error.fact}")
            return None

    def _open_album(self, scale: int) -> Album:
        first = spread_over_scenarios(self._reader, FIRST)
        everything = spread_over_scenarios(self._reader, len(self._reader.names))
        others = [name for name in everything if name not in first]
        entries = [
            *(Entry(name=name, scenario=self._reader.scenario(name)) for name in first),
            *(glimpse.entry for glimpse in self._glimpses),
            *(Entry(name=name, scenario=self._reader.scenario(name)) for name in others),
        ]
        album = Album(self._job.folder.previews, entries, scale=scale, room=self._room)
        missing = len(entries) - len(album.plan.kept)
        if missing and self._room:
            room = f"{self._room / 1e9:g} GB (validate.pictures_gb)"
            self._alarm(f"{missing} of {len(entries)} pictures are not kept through time: {room} are full before")
        return album

    def _keep_index(self, album: Album, iteration: int, found: Validation) -> None:
        if count := album.write_index(iteration, found):
            index = self._job.folder.previews / INDEX
            self._job.event("previews", iteration=iteration, path=str(index), pictures=count)
        if album.trouble:
            self._alarm(f"not all pictures of the validation at {iteration} could be kept: {album.trouble}")
            album.trouble = ""
