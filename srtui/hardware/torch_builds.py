"""Which PyTorch build fits a machine: the matrix of profiles/torch_builds.json and one pure choice from it.

Standard library only: ``./start`` asks here before anything is installed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

Capability = tuple[int, int]

_CHECKOUT = Path(__file__).parents[2] / "profiles" / "torch_builds.json"
_WHEEL = Path(__file__).parents[1] / "profiles" / "torch_builds.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One NVIDIA GPU as far as the choice of a build needs to know it."""

    name: str
    capability: Capability | None  # None: the driver would not say

    def __str__(self) -> str:
        return self.name if self.capability is None else f"{self.name} ({self.capability[0]}.{self.capability[1]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Operating system and processor, in Python's words: ``linux``, ``x86_64``; WSL2 has the Windows host's driver."""

    system: str
    machine: str
    wsl: bool = False
    amd: bool = False  # an AMD GPU with the kernel's compute driver

    @property
    def key(self) -> str:
        """``linux-x86_64``: how the matrix names it."""
        return f"{self.system}-{self.machine}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the matrix: a build, where it runs and who says so."""

    name: str
    label: str
    index: str | None
    torch: str
    torchvision: str
    accelerator: str
    cuda: str | None
    local: str | None
    platforms: tuple[str, ...]
    capabilities: tuple[Capability, ...]
    driver: str | None
    pythons: tuple[Capability, Capability]
    disk: float
    download: float
    source: str

    def has_kernels_for(self, capability: Capability | None) -> bool:
        """Binary compatibility: code for M.m runs on M.n with n >= m (CUDA C++ Programming Guide, 3.1.2)."""
        if capability is None:
            return False
        return any(major == capability[0] and minor <= capability[1] for major, minor in self.capabilities)

    def accepts_driver(self, driver: str | None) -> bool:
        """Whether the driver is new enough for the CUDA runtime of this build."""
        return self.driver is None or (driver is not None and version(driver) >= version(self.driver))

    def accepts_python(self, python: Capability) -> bool:
        """Whether there are wheels for this Python."""
        return self.pythons[0] <= python <= self.pythons[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A family of NVIDIA GPUs and what it means today."""

    name: str
    first: Capability
    last: Capability
    speed: str
    verdict: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What to install, from where, and why.

    ``index`` is None for whatever index pip is configured for. ``alternative`` is what would also do when that index
    cannot be reached. ``local`` is the version suffix the build must show afterwards. ``for_gpu``: it was chosen for
    a GPU that is here. Sizes in bytes.
    """

    name: str
    label: str
    index: str | None
    requirements: tuple[str, ...]
    accelerator: str
    local: str | None
    why: str
    for_gpu: bool = False
    advice: tuple[str, ...] = ()
    disk: int
    download: int
    alternative: Build | None = None


@cache
def matrix(path: Path | None = None) -> tuple[tuple[Row, ...], tuple[Generation, ...]]:
    """Rows and generations of the matrix file (default: the shipped one)."""
    chosen = path or (_CHECKOUT if _CHECKOUT.exists() else _WHEEL)
    plain = json.loads(chosen.read_text(encoding="utf-8"))
    if plain["version"] != 1:
        raise ValueError(f"{chosen}: version {plain['version']} of the build matrix is not known here, only 1")
    return tuple(_row(entry) for entry in plain["builds"]), tuple(_generation(entry) for entry in plain["generations"])


def version(text: str) -> tuple[int, ...]:
    """``"580.65.06"`` as ``(580, 65, 6)``, for comparing."""
    return tuple(int(digits) for digits in re.findall(r"\d+", text)[:4])


def generation(capability: Capability | None) -> Generation | None:
    """The family of a compute capability, None when it is unknown or newer than the matrix."""
    if capability is None:
        return None
    return next((family for family in matrix()[1] if family.first <= capability <= family.last), None)


def row_of(cuda: str | None, platform_key: str) -> Row | None:
    """The row of a build that is already installed, by the CUDA version it was built with; a sibling of its series."""
    if cuda is None:
        return None
    rows = [row for row in matrix()[0] if platform_key in row.platforms and row.cuda is not None]
    same = [row for row in rows if row.cuda == cuda]
    return next(iter(same or [row for row in rows if version(row.cuda or "")[0] == version(cuda)[0]]), None)


def choose(cards: Sequence[Card], driver: str | None, platform: Platform, python: Capability) -> Build:
    """Choose the PyTorch build for a machine.

    Parameters
    ----------
    cards
        NVIDIA GPUs found, in any order; empty without one or without a working driver.
    driver
        Version of NVIDIA's driver, ``"580.65.06"``; None without one.
    platform
        Operating system and processor.
    python
        Major and minor version of the Python that will run it.

    Returns
    -------
    Build
        The best build that runs on most of the cards, else the CPU build, with the reason in one sentence.
    """
    here = [row for row in matrix()[0] if platform.key in row.platforms and row.accepts_python(python)]
    if not here:
        return _unknown(platform, python)
    default = next((row for row in here if row.index is None), None)
    best, covered = _best(here, cards, driver)
    if best is not None:
        spare = default if default is not None and default is not best and _covered(default, cards, driver) else None
        return _build(
            best,
            why=f"{_names(covered)} with driver {driver}",
            advice=_left_out(cards, covered, best) + _update_driver(default, best, covered, driver, platform),
            alternative=_spare(spare, f"{best.index} cannot be reached, and this one also runs here", for_gpu=True),
            for_gpu=True,
        )
    rocm = next((row for row in here if row.accelerator == "rocm"), None)
    if platform.amd and not cards and rocm is not None:
        return _build(rocm, why="an AMD GPU was found")
    why = _why_not(here, cards, driver)
    cpu = next((row for row in here if row.accelerator == "cpu"), default)
    if cpu is None:
        return _unknown(platform, python)
    return _build(
        cpu,
        why=why,
        advice=_mend(default, cards, platform),
        alternative=_spare(default if default is not cpu else None, f"{why}, and {cpu.index} cannot be reached"),
    )


def overridden(index: str, platform: Platform, python: Capability) -> Build:
    """The build of the index that the user names; ``default`` means pip's own configuration."""
    named = None if index == "default" else index
    rows = [row for row in matrix()[0] if platform.key in row.platforms]
    row = next((row for row in rows if named is not None and row.index == named.rstrip("/")), None)
    if row is not None and row.accepts_python(python):
        return _build(row, why="SRTUI_TORCH_INDEX names it")
    label = "PyTorch from pip's own index" if named is None else f"PyTorch from {named}"
    largest = max((row for row in rows if row.accelerator != "rocm"), key=lambda row: row.disk, default=None)
    return Build(
        name="override",
        label=label,
        index=named,
        requirements=("torch>=2.4", "torchvision>=0.19"),
        accelerator="any",
        local=None,
        why="SRTUI_TORCH_INDEX names it",
        disk=_bytes(largest.disk if largest else 6.8),
        download=_bytes(largest.download if largest else 3.2),
    )


def _row(entry: dict[str, object]) -> Row:
    plain = dict(entry)
    plain["platforms"] = tuple(_list(entry["platforms"]))
    plain["capabilities"] = tuple(_pair(text) for text in _list(entry["capabilities"]))
    plain["pythons"] = tuple(_pair(text) for text in _list(entry["pythons"]))
    return Row(**plain)  # type: ignore[arg-type]  # a wrong or missing key fails here, and a test reads every row


def _generation(entry: dict[str, str]) -> Generation:
    return Generation(
        name=entry["name"],
        first=_pair(entry["from"]),
        last=_pair(entry["to"]),
        speed=entry["speed"],
        verdict=entry["verdict"],
        source=entry["source"],
    )


def _list(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _pair(text: str) -> Capability:
    major, minor = text.split(".")
    return int(major), int(minor)


def _bytes(gigabytes: float) -> int:
    return round(gigabytes * 1e9)


def _build(
    row: Row, *, why: str, for_gpu: bool = False, advice: tuple[str, ...] = (), alternative: Build | None = None
) -> Build:
    return Build(
        name=row.name,
        label=row.label,
        index=row.index,
        requirements=(f"torch{row.torch}", f"torchvision{row.torchvision}"),
        accelerator=row.accelerator,
        local=row.local,
        why=why,
        for_gpu=for_gpu,
        advice=advice,
        disk=_bytes(row.disk),
        download=_bytes(row.download),
        alternative=alternative,
    )


def _spare(row: Row | None, why: str, *, for_gpu: bool = False) -> Build | None:
    return None if row is None else _build(row, why=why, for_gpu=for_gpu)


def _unknown(platform: Platform, python: Capability) -> Build:
    """Let pip decide on machines that the matrix does not know: it says so when there is no wheel."""
    return Build(
        name="unknown",
        label="PyTorch's default build",
        index=None,
        requirements=("torch>=2.4", "torchvision>=0.19"),
        accelerator="any",
        local=None,
        why=f"Python {python[0]}.{python[1]} on {platform.key} is not in the matrix of known builds",
        disk=_bytes(6.8),
        download=_bytes(3.2),
    )


def _covered(row: Row, cards: Sequence[Card], driver: str | None) -> list[Card]:
    if row.accelerator != "cuda" or not row.accepts_driver(driver):
        return []
    return [card for card in cards if row.has_kernels_for(card.capability)]


def _best(rows: Sequence[Row], cards: Sequence[Card], driver: str | None) -> tuple[Row | None, list[Card]]:
    """The first row that runs on all cards; else the one that runs on the most capable card."""
    fitting = [(row, _covered(row, cards, driver)) for row in rows]
    fitting = [(row, covered) for row, covered in fitting if covered]
    for row, covered in fitting:
        if len(covered) == len(cards):
            return row, covered
    return max(fitting, key=lambda pair: max(card.capability or (0, 0) for card in pair[1]), default=(None, []))


def _names(cards: Sequence[Card]) -> str:
    """``2 × NVIDIA H200 (9.0), Tesla V100 (7.0)``."""
    texts = [str(card) for card in cards]
    return ", ".join(
        text if texts.count(text) == 1 else f"{texts.count(text)} × {text}" for text in dict.fromkeys(texts)
    )


def _left_out(cards: Sequence[Card], covered: Sequence[Card], row: Row) -> tuple[str, ...]:
    left = [card for card in cards if card not in covered]
    return (f"{_names(left)} stays unused: {row.label} has no kernels for it",) if left else ()


def _update_driver(
    default: Row | None, best: Row, covered: Sequence[Card], driver: str | None, platform: Platform
) -> tuple[str, ...]:
    """Advice for those who are held back by their driver alone."""
    if default is None or best is default or not all(default.has_kernels_for(card.capability) for card in covered):
        return ()
    where = "on the Windows side " if platform.wsl else ""
    return (f"a driver of the {default.driver} series or newer {where}(now {driver}) would allow current PyTorch",)


def _why_not(rows: Sequence[Row], cards: Sequence[Card], driver: str | None) -> str:
    if not cards:
        return "no usable GPU was found"
    card = max(cards, key=lambda item: item.capability or (0, 0))
    family = generation(card.capability)
    if any(row.has_kernels_for(card.capability) for row in rows):
        oldest = min(
            (row for row in rows if row.has_kernels_for(card.capability)), key=lambda row: version(row.driver or "")
        )
        return f"driver {driver} is too old for {card}: {oldest.driver} or newer is needed"
    return f"{card} cannot be used: {family.verdict if family else 'no known build has kernels for it'}"


def _mend(default: Row | None, cards: Sequence[Card], platform: Platform) -> tuple[str, ...]:
    if default is None or not any(default.has_kernels_for(card.capability) for card in cards):
        return ()
    where = "the NVIDIA driver of the Windows host" if platform.wsl else "the NVIDIA driver"
    return (f"update {where} to {default.driver} or newer, then ./start --repair",)
