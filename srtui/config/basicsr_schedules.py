"""Optimisers and learning-rate schedules as BasicSR's option files say them."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from srtui.config.basicsr_options import Options

_OPTIMISERS = {"Adam": "adam", "AdamW": "adamw"}
_DECAY = {"adam": 0.0, "adamw": 0.01}
"""torch's own weight decay, where the file says none."""
_COSINE = frozenset({"CosineAnnealingRestartLR", "CosineAnnealingLR_Restart"})
_MULTISTEP = frozenset({"MultiStepLR", "MultiStepRestartLR"})
_KEY = "train.scheduler"


def optimizer_of(options: Options, key: str) -> dict[str, Any]:
    """Give an optimiser: Adam or AdamW; of others, Adam with their rate."""
    name = options.text(f"{key}.type", "Adam")
    if name not in _OPTIMISERS:
        options.leave(f"{key}.type", f"{name} is not known here; Adam was taken, which may want another rate")
    kind = _OPTIMISERS.get(name, "adam")
    first, second = options.number(f"{key}.beta1", 0.9), options.number(f"{key}.beta2", 0.999)
    return {
        "type": kind,
        "lr": options.number(f"{key}.lr"),
        "betas": options.numbers(f"{key}.betas", [first, second]),
        "weight_decay": options.number(f"{key}.weight_decay", _DECAY[kind]),
    }


def schedule_of(options: Options, iterations: int) -> dict[str, Any]:
    """Give the schedule of a stage.

    Raises
    ------
    UsageError
        If it is unknown here, or its numbers contradict each other.
    """
    warmup = max(options.count("train.warmup_iter", -1), 0)
    kind = options.text(f"{_KEY}.type")
    if kind in _MULTISTEP:
        found = _multistep(options, iterations)
    elif kind in _COSINE:
        found = _cosine(options, iterations)
    else:
        known = ", ".join(sorted(_MULTISTEP | _COSINE))
        raise options.wrong(f"{_KEY}.type", f"{kind!r} is not known here", f"schedules here: {known}")
    return {**found, "warmup": warmup}


def _multistep(options: Options, iterations: int) -> dict[str, Any]:
    """Milestones become shares; those that are never reached say nothing, and are told."""
    given, gamma = options.numbers(f"{_KEY}.milestones"), options.number(f"{_KEY}.gamma", 0.1)
    for name in ("restarts", "restart_weights", "later_weights"):
        options.expect(f"{_KEY}.{name}", [], "steps do not restart here: write a stage for each restart")
    reached = [each for each in given if 0 < each < iterations]
    if len(reached) < len(given):
        rest = ", ".join(str(each) for each in given if each not in reached)
        others = "; the others are kept" if reached else "; the rate stays"
        options.leave(f"{_KEY}.milestones", f"never reached in {iterations} iterations: {rest}{others}")
    if gamma == 1 or not reached:
        return {"type": "constant"}
    return {"type": "multistep", "milestones": [each / iterations for each in reached], "gamma": gamma}


def _cosine(options: Options, iterations: int) -> dict[str, Any]:
    periods = options.numbers(f"{_KEY}.periods")
    if not periods or min(periods) <= 0:
        raise options.wrong(f"{_KEY}.periods", f"{periods} holds no periods", "give the iterations of each")
    ends = list(accumulate(periods))
    _tell_of_the_end(options, ends[-1], iterations)
    kept = [end for end in ends[:-1] if end < iterations]
    found: dict[str, Any] = {"type": "cosine", "min_lr": options.number(f"{_KEY}.eta_min", 0)}
    peaks = _peaks(options, periods, ends)[: len(kept) + 1]
    if len(set(periods)) == 1 and ends[-1] == iterations:
        found["periods"] = len(periods)
    else:
        found["restarts"] = [end / iterations for end in kept]
    return found if all(peak == 1 for peak in peaks) else {**found, "peaks": peaks}


def _peaks(options: Options, periods: list[float], ends: list[float]) -> list[float]:
    """How high each period begins; files of 2019 leave out the first, and say the restarts once more."""
    said = options.numbers(f"{_KEY}.restarts", ends[:-1])
    if said != ends[:-1]:
        raise options.wrong(f"{_KEY}.restarts", f"{said}, but the periods end at {ends[:-1]}", "make them agree")
    later = options.numbers(f"{_KEY}.later_weights", [1] * (len(periods) - 1))
    peaks = options.numbers(f"{_KEY}.restart_weights", [1, *later])
    if len(peaks) != len(periods):
        raise options.wrong(f"{_KEY}.restart_weights", f"{len(peaks)}, for {len(periods)} periods", "give one for each")
    return peaks


def _tell_of_the_end(options: Options, end: float, iterations: int) -> None:
    if end < iterations:
        fact = f"end at {end} of {iterations} iterations, where BasicSR fails; the last one goes on to the end here"
        options.leave(f"{_KEY}.periods", fact)
    elif end > iterations:
        fact = f"end at {end}, after the run ({iterations}); the last one reaches its least rate when the run ends here"
        options.leave(f"{_KEY}.periods", fact)
