"""A scenario's steps in a few words, for the wizard: ``to 50 %, median 3×3, JPEG photoshop-4``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srtui.config.degradation import Scenario, Step


def steps_in_words(scenario: Scenario, scale: int) -> str:
    """What happens to a picture at a scale, in order."""
    return ", ".join(words for step in scenario.steps if (words := _in_words(step, scale)))


def _in_words(step: Step, scale: int) -> str:
    match step.step:
        case "resize":
            percent = getattr(step.percent, f"x{scale}")
            width = getattr(step.width or step.percent, f"x{scale}")
            across = f" (width {_number(width)} %)" if width != percent else ""
            return "" if percent == width == 100 else f"to {_number(percent)} %{across}"
        case "fit":
            return "to size"
        case "median":
            return f"median {2 * step.radius + 1}×{2 * step.radius + 1}"
        case "gaussian":
            return f"blur {_number(step.sigma)}"
        case "motion":
            return f"smear {_number(step.length)}"
        case "blur":
            return f"{step.shape} blur {_number(step.sigma)}"
        case "ring":
            return "ringing"
        case "noise":
            return f"noise {_number(step.sigma)}"
        case "photons":
            return f"shot noise {_number(step.strength)}"
        case "sharpen":
            return f"sharpening {_number(step.amount)}"
        case "chroma":
            return f"chroma {step.sampling}"
        case "dv":
            return f"{step.standard.upper()} DV"
        case "deinterlace":
            return step.method
        case "jpeg":
            return f"JPEG {step.quality if isinstance(step.quality, str) else _number(step.quality)}"
        case "one-of":
            return f"one of {len(step.choices)}"
        case "fields":
            return "two fields"


def _number(value: float | tuple[float, float]) -> str:
    """Write a number, or a range as 0.5–2."""
    return "–".join(f"{each:g}" for each in (value if isinstance(value, tuple) else (value,)))
