"""How long an update takes on this machine, as it was measured once: kept in the state folder, read without torch.

What is remembered belongs to everything that the step time depends on: the device and its name, torch's version, the
network, the scale, the arithmetic, and a stage's crops, losses and discriminator. Iterations and rates do not matter.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from srtui.config.profile import Profile, Stage
from srtui.config.reader import to_plain
from srtui.files import state_folder, write_json
from srtui.hardware.devices import visible_device_ids
from srtui.hardware.gpu_list import devices_of

VERSION = 1
_IRRELEVANT = frozenset({"iterations", "optimizer", "schedule"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEstimate:
    """One stage, as it was measured."""

    seconds: float
    """Of an update."""
    gib: float
    """Memory at the peak: of the GPU, else of the process."""
    micro_batch: int
    """Crops at once: 0 if the whole batch fits, else the most that do."""
    precision: str


def keys(profile: Profile, scale: int, device: str, threads: int = 0) -> list[str]:
    """What the estimate of each stage is remembered under."""
    return [_key(profile, stage, scale, device, threads) for stage in profile.stages]


def part_of(profile: Profile, device: str, gpus: str) -> tuple[Profile, str, int]:
    """
    What one of several GPUs does.

    Returns
    -------
    The profile with the largest part of each batch, the first device, and how many there are.

    Raises
    ------
    MachineError
        If one of ``gpus`` is not there.
    """
    devices = devices_of(gpus, lambda: len(visible_device_ids())) or (device,)
    stages = tuple(replace(stage, batch=-(-stage.batch // len(devices))) for stage in profile.stages)
    return replace(profile, stages=stages), devices[0], len(devices)


def remember(key: str, estimate: StageEstimate) -> None:
    """Keep what was measured."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / f"{key}.json", {"version": VERSION, **asdict(estimate)})


def recall(key: str) -> StageEstimate | None:
    """What was measured once, if it was; a file that cannot be read was not."""
    try:
        value: dict[str, Any] = json.loads((_folder() / f"{key}.json").read_text(encoding="utf-8"))
        if value.pop("version") != VERSION:
            return None
        return StageEstimate(**value)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def recall_all(profile: Profile, scale: int, device: str, threads: int = 0) -> list[StageEstimate] | None:
    """Estimates of all stages, if all were measured."""
    found = [recall(key) for key in keys(profile, scale, device, threads)]
    known = [each for each in found if each is not None]
    return known if len(known) == len(found) else None


def whole_seconds(profile: Profile, estimates: Sequence[StageEstimate]) -> float:
    """Of all updates together; validations and checkpoints come on top."""
    return sum(stage.iterations * each.seconds for stage, each in zip(profile.stages, estimates, strict=True))


def sentence(profile: Profile, estimates: Sequence[StageEstimate], ranks: int = 1) -> str:
    """One line for people; ``estimates`` are of one of ``ranks`` GPUs."""
    peak = max(each.gib for each in estimates)
    words = (
        f"about {_span(whole_seconds(profile, estimates))} for {profile.iterations:,} updates, {peak:.1f} GiB of memory"
    )
    parts = [f"{each.micro_batch} crops at once" for each in estimates if each.micro_batch]
    words += f" on each of {ranks} GPUs, the exchange of gradients not counted" if ranks > 1 else ""
    return f"{words}; {parts[-1]}, the rest is accumulated" if parts else words


def _span(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds"


def _key(profile: Profile, stage: Stage, scale: int, device: str, threads: int) -> str:
    work: Mapping[str, Any] = {name: value for name, value in to_plain(stage).items() if name not in _IRRELEVANT}
    about = {
        "machine": platform.node(),
        "device": device,
        "devices": [] if device == "cpu" else list(visible_device_ids()),
        "threads": threads or len(os.sched_getaffinity(0)),
        "torch": _torch_version(),
        "network": to_plain(profile.network),
        "precision": profile.precision,
        "compile": profile.compile,
        "cuda_graphs": profile.cuda_graphs,
        "deterministic": profile.deterministic,
        "scale": scale,
        "stage": work,
    }
    text = json.dumps(about, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _torch_version() -> str:
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _folder() -> Path:
    return state_folder() / "estimates"
