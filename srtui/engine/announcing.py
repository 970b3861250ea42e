"""What a validation says of itself: the fields of its event, and words for blocks that are amplified."""

from __future__ import annotations

from typing import Any

from srtui.engine.block_amplification import height_of
from srtui.engine.scores import Score, Validation


def event_of(found: Validation) -> dict[str, Any]:
    """Fields of a ``validation`` event: the network's means flat, bicubic's and the scenarios' below them."""
    mean = found.mean.plain()
    flat = {name: value for name, value in mean.items() if name not in {"name", "network"}}
    return {**mean["network"], **flat, "scenarios": found.plain()["scenarios"]}


def curves_of(found: Validation) -> dict[str, float | None]:
    """Scalars for TensorBoard."""
    mean = found.mean
    names = ("psnr_y", "ssim_y", "psnr_rgb", "ssim_rgb", "lpips")
    figures = {name: getattr(mean.network, name) for name in names}
    times = {"amplification_8": mean.amplification_8, "amplification_16": mean.amplification_16}
    return {**figures, "gain_y": mean.gain_y, **times}


def alarm_of(found: Validation) -> str:
    """Which blocks are amplified, where, and what helps; nothing where none are."""
    amplified = [score for score in found.scenarios if score.amplified]
    if not amplified:
        return ""
    worst = max(amplified, key=_times)
    where = "" if len(amplified) == len(found.scenarios) else f" in {', '.join(score.name for score in amplified)}"
    of_16 = (worst.amplification_16 or 0) > (worst.amplification_8 or 0)
    side = 16 if of_16 else 8
    height = height_of(worst.network.blocks_16 if of_16 else worst.network.blocks_8)
    edges = f"edges of {side} × {side} blocks are up to {_times(worst):.1f} times as high as bicubic's"
    return (
        f"blocks are taken for objects{where}: {edges} ({height:.1f} levels of 255); "
        "train with a degradation whose blocks are as strong as these"
    )


def _times(score: Score) -> float:
    return max(score.amplification_8 or 0.0, score.amplification_16 or 0.0)
