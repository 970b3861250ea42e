"""A job at one moment, as the live page shows it: immutable, built from events and status outside the event loop."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from srtui.app.series import Bin, Series
from srtui.jobs.events import Event, said
from srtui.jobs.status import JobStatus
from srtui.jobs.wording import narrate

LINES = 200
"""Lines of what happened that are kept."""
GAN = frozenset({"gan", "content", "disc", "disc_real", "disc_fake", "disc_right"})
"""Metrics of a stage with a discriminator."""
REJECTED = 100
"""Names of rejected inputs that are kept; the count goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened: seconds since 1970, and a line."""

    at: float
    text: str
    alarm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the last validation measured besides Y-PSNR."""

    figures: dict[str, tuple[float, float]]
    """The network's and bicubic's, by name."""
    blocks: float | None = None
    """How many times as high as bicubic's the edges of blocks are."""
    amplified: bool = False
    """Whether that is alarming."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """What a training measured so far."""

    loss: tuple[Bin, ...] = ()
    psnr: tuple[Bin, ...] = ()
    checkpoints: tuple[int, ...] = ()
    psnr_now: float | None = None
    psnr_best: float | None = None
    best_at: int | None = None
    bicubic: float | None = None
    """Y-PSNR of bicubic on the same pictures."""
    latest: dict[str, float]
    """Last metric by name: loss, lr, …"""
    judged: Judged | None = None
    pictures: int = 0
    """Pictures that are kept through time,"""
    previews: str = ""
    """and where, from the project's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One job at one moment."""

    status: JobStatus
    name: str = ""
    """What it works on: a profile, a file."""
    iterations: int = 0
    """Iterations of the whole training, 0 for other jobs."""
    curves: Curves
    happenings: tuple[Happening, ...] = ()
    """Newest last."""
    rejected: tuple[tuple[str, str], ...] = ()
    """Name and reason, newest last."""
    rejected_count: int = 0
    result: tuple[tuple[str, str], ...] = ()
    """What the job says that it made."""
    child: str = ""
    """Folder of the job that a `run` does now."""

    @property
    def is_training(self) -> bool:
        """Whether there is a curve to draw."""
        return self.status.kind == "train"


class Recorder:
    """Takes events in and gives snapshots."""

    def __init__(self, name: str = "", iterations: int = 0) -> None:
        self._name, self._iterations = name, iterations
        self._loss, self._psnr = Series(), Series()
        self._validations: list[tuple[int, float]] = []
        self._checkpoints: list[int] = []
        self._latest: dict[str, float] = {}
        self._bicubic: float | None = None
        self._judged: Judged | None = None
        self._previews, self._pictures = "", 0
        self._happenings: deque[Happening] = deque(maxlen=LINES)
        self._rejected: deque[tuple[str, str]] = deque(maxlen=REJECTED)
        self._rejected_count = 0
        self._result: dict[str, Any] = {}
        self._child = ""

    def take(self, event: Event) -> None:
        """Take one event in; those of unknown kinds say nothing here."""
        match event["kind"]:
            case "metric":
                self._metric(event)
            case "validation":
                self._validation(event)
            case "previews":
                self._take_previews(event)
            case "checkpoint" if isinstance(event.get("iteration"), int):
                self._checkpoints.append(event["iteration"])
            case "resumed" if isinstance(event.get("iteration"), int):
                self._cut_after(event["iteration"])
            case "rejected":
                self._rejected.append((str(event.get("name", "")), str(event.get("reason", ""))))
                self._rejected_count += 1
            case "result":
                self._result = said(event)
            case "step":
                self._child = str(event.get("job", "")) if event.get("state") == "running" else ""
        # What was rejected has a place of its own on the page.
        if event["kind"] != "rejected" and (text := line_of(event)):
            self._happenings.append(
                Happening(at=_number(event.get("t")) or 0.0, text=text, alarm=event["kind"] == "alarm")
            )

    def snapshot(self, status: JobStatus) -> Snapshot:
        """Everything taken in so far, beside how the job stands."""
        best = max(self._validations, key=lambda pair: pair[1], default=None)
        curves = Curves(
            loss=self._loss.bins(),
            psnr=self._psnr.bins(),
            checkpoints=tuple(self._checkpoints),
            psnr_now=self._validations[-1][1] if self._validations else None,
            psnr_best=best[1] if best else None,
            best_at=best[0] if best else None,
            bicubic=self._bicubic,
            latest=dict(self._latest),
            judged=self._judged,
            pictures=self._pictures,
            previews=self._previews,
        )
        return Snapshot(
            status=status,
            name=self._name,
            iterations=self._iterations,
            curves=curves,
            happenings=tuple(self._happenings),
            rejected=tuple(self._rejected),
            rejected_count=self._rejected_count,
            result=tuple((name, str(value)) for name, value in self._result.items()),
            child=self._child,
        )

    def _metric(self, event: Event) -> None:
        iteration = event.get("iteration")
        names = said(event).keys() - {"iteration"}
        numbers = {name: value for name in names if (value := _number(event[name])) is not None}
        if "gan" not in numbers:  # its stage is over
            self._latest = {name: value for name, value in self._latest.items() if name not in GAN}
        self._latest.update(numbers)
        if isinstance(iteration, int) and numbers.get("loss", 0.0) > 0:
            self._loss.add(iteration, numbers["loss"])

    def _validation(self, event: Event) -> None:
        iteration, psnr, gain = event.get("iteration"), _number(event.get("psnr_y")), _number(event.get("gain_y"))
        if not isinstance(iteration, int) or psnr is None:
            return
        self._validations.append((iteration, psnr))
        self._psnr.add(iteration, psnr)
        if gain is not None:
            self._bicubic = psnr - gain
        self._judged = _judged(event)

    def _take_previews(self, event: Event) -> None:
        """Where pictures are: the strips if there are any, as these are what one looks at first."""
        parts = PurePath(str(event.get("path", ""))).parts
        count = event.get("pictures")
        if len(parts) >= 4 and isinstance(count, int):
            self._previews, self._pictures = "/".join((*parts[-4:-1], "strips")), count

    def _cut_after(self, iteration: int) -> None:
        self._loss.cut_after(iteration)
        self._psnr.cut_after(iteration)
        self._checkpoints = [each for each in self._checkpoints if each <= iteration]
        if any(pair[0] > iteration for pair in self._validations):
            self._judged = None
        self._validations = [pair for pair in self._validations if pair[0] <= iteration]


def _judged(event: Event) -> Judged | None:
    bicubic = event.get("bicubic")
    if not isinstance(bicubic, dict):
        return None
    names = {"ssim_y": "SSIM", "lpips": "LPIPS", "psnr_rgb": "RGB-PSNR"}
    pairs = {name: (_number(event.get(key)), _number(bicubic.get(key))) for key, name in names.items()}
    found = {name: (one, other) for name, (one, other) in pairs.items() if one is not None and other is not None}
    times = (_number(event.get(f"amplification_{side}")) for side in (8, 16))
    blocks = max((each for each in times if each is not None), default=None)
    return Judged(figures=found, blocks=blocks, amplified=event.get("amplified") is True)


def line_of(event: Event) -> str:
    """What an event says in the list of what happened; metrics say nothing there."""
    match event["kind"]:
        case "phase":
            return str(event.get("name", ""))
        case "checkpoint":
            return f"checkpoint at {event.get('iteration', '?')}"
        case "step" if event.get("state") == "running":
            return f"{event.get('name')} begins"
        case "paused":
            return "paused"
        case "end":
            first = str(event.get("error") or "").splitlines()[:1]
            return ": ".join([str(event.get("outcome", "ended")), *first])
    return narrate(event)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
