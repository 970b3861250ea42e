"""BasicSR's option files, old (2019, 2020) and new (1.4) → a training profile."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srtui.config.basicsr_keys import AS_HERE, UNKNOWN, modern, reason_for
from srtui.config.basicsr_losses import losses_of
from srtui.config.basicsr_networks import discriminator_of, network_of
from srtui.config.basicsr_options import Left, Options
from srtui.config.basicsr_schedules import optimizer_of, schedule_of
from srtui.config.profile import Profile
from srtui.config.reader import from_plain, read_plain
from srtui.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of an option file."""

    profile: Profile
    project: dict[str, Any]
    """What the file says that belongs into project.yml: scale, training."""
    left: tuple[Left, ...]
    """What the profile does not hold, in the file's order."""


def import_options(path: Path) -> Imported:
    """Read a training option file of BasicSR.

    Raises
    ------
    ConfigurationError
        With everything that is wrong with the YAML, or with values that no profile may have.
    UsageError
        If it is no such file, a value is not of its kind, or its network is unknown here.
    """
    flat, written = modern(read_plain(path))
    options = Options(path, flat, written)
    if not (options.has("network_g.type") and options.has("train")):
        hint = "wanted: a file of options/train or codes/options/train, with network_g and train"
        raise UsageError(str(path), "is no training option file of BasicSR", hint=hint)
    project = _project(options)
    plain = {
        "name": _name(options.text("name", path.stem)),
        "about": f"from {path.name}, options of BasicSR ({options.text('model_type', 'SRModel')})",
        "network": network_of(options),
        "ema": options.number("train.ema_decay", 0),
        "log_every": options.count("logger.print_freq", 100),
        "validate_every": options.count("val.val_freq", 5000),
        "checkpoint_every": options.count("logger.save_checkpoint_freq", 5000),
        "stages": [_stage(options)],
    }
    profile = from_plain(Profile, plain, where=f"the profile made of {path}")
    for key, values in AS_HERE.items():
        options.expect(key, values, reason_for(key))
    # `~` under a key that is known says nothing, so there is nothing to tell.
    left = tuple(each for each in options.left(reason_for) if each.value is not None or each.reason == UNKNOWN)
    return Imported(profile=profile, project=project, left=left)


def _project(options: Options) -> dict[str, Any]:
    """What belongs into project.yml; it stays listed as not being in the profile."""
    training = {
        name: value
        for name, key in (("seed", "manual_seed"), ("start", "path.pretrain_network_g"))
        if (value := options.get(key)) is not None
    }
    for key in ("scale", "manual_seed", "path.pretrain_network_g"):
        options.leave(key, reason_for(key))
    found = {"scale": options.get("scale"), "training": training}
    return {name: value for name, value in found.items() if value}


def _stage(options: Options) -> dict[str, Any]:
    iterations = options.count("train.total_iter")
    losses, gan = losses_of(options)
    if gan is not None:
        gan["discriminator"] = discriminator_of(options)
        gan["optimizer"] = optimizer_of(options, "train.optim_d")
    stage = {
        "iterations": iterations,
        "gt_size": _gt_size(options),
        "batch": _batch(options),
        "losses": losses,
        "optimizer": optimizer_of(options, "train.optim_g"),
        "schedule": schedule_of(options, iterations),
    }
    return stage if gan is None else {**stage, "gan": gan}


def _gt_size(options: Options) -> int:
    """Side of the crops; Real-ESRGAN's files give it twice, and train with the one at the top."""
    inner = options.count("datasets.train.gt_size", 0)
    size = options.count("gt_size", inner)
    if not size:
        raise options.wrong("datasets.train.gt_size", "is missing", "add it, as the original has it")
    if inner > size:
        options.leave("datasets.train.gt_size", f"crops are cut to gt_size ({size}) before training")
    return size


def _batch(options: Options) -> int:
    """Crops per update on all GPUs together; files of 2019 and 2020 say that number, later ones that of one GPU."""
    if options.has("datasets.train.batch_size"):
        return options.count("datasets.train.batch_size")
    each = options.count("datasets.train.batch_size_per_gpu")
    gpus = options.get("num_gpu", 1)
    if isinstance(gpus, int) and gpus > 1:
        options.leave(
            "num_gpu", f"counted into the batch: {gpus} × {each} = {gpus * each}; srtui train --gpus names GPUs"
        )
        return gpus * each
    if gpus not in (0, 1):
        options.leave("num_gpu", f"the batch is that of one GPU ({each}): multiply it by as many as the original had")
    return each


def _name(text: str) -> str:
    """A name that a file may have."""
    words = re.sub(r"[^\w.+-]+", "-", text).strip("-.").encode()[:80].decode("utf-8", "ignore")
    return words.strip("-.") or "basicsr"
