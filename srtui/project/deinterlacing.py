"""Whether what makes a tape's fields whole is what the degradation, and so the network, has seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srtui.config.degradation import Degradation, Step

METHOD = "bwdif"
"""FFmpeg's filter that `srtui frames` makes fields whole with."""


def disagreement(degradation: Degradation, *, interlaced: bool) -> str:
    """What to know before frames of a tape are restored by a network that learned from ``degradation``.

    A deinterlacer leaves traces of its own: stairs on slanted edges, lost lines. A network mends the traces that it
    was shown.

    Parameters
    ----------
    interlaced
        Whether the tape is: the frames of a progressive one stay as they are.

    Returns
    -------
    str
        One line; empty if both deinterlace alike, or if there is nothing to deinterlace.
    """
    if not interlaced:
        return ""
    used = [set(_methods(scenario.steps)) for scenario in degradation.scenarios]
    others = sorted(set().union(*used) - {METHOD})
    if others:
        count = sum(1 for methods in used if methods - {METHOD})
        which = "" if count == len(used) else f" in {count} of {len(used)} scenarios"
        return (
            f"degradation {degradation.name} deinterlaces with {' and '.join(others)}{which}, these frames with "
            f"{METHOD}: write `method: {METHOD}` there, as a network mends only what it was shown"
        )
    if not any(used):
        return (
            f"degradation {degradation.name} deinterlaces nothing, and this tape is interlaced: a network will not "
            f"have learned what {METHOD} leaves in these frames (minidv teaches it)"
        )
    return ""


def _methods(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        if step.step == "deinterlace":
            yield step.method
        elif step.step == "one-of":
            for choice in step.choices:
                yield from _methods(choice.steps)
