"""The six classic scenarios, resolved: what tests compare with the libraries' chain, and benchmarks time against it."""

from __future__ import annotations

from srtui_kernels.jpeg_tables import preset
from srtui_kernels.resize import Filter
from srtui_kernels.scenarios import Gaussian, Jpeg, Median, Motion, Resize, Step

SCENARIOS = ("median", "defocus", "interpolation", "heavy blur", "motion", "plain")
ANGLE = 45.0


def steps_of(scenario: str, width: int, height: int, filter: Filter = "bicubic") -> tuple[Step, ...]:
    """Resolve a scenario for a picture of this size, sides multiples of 16."""
    half = Resize(width=width // 2, height=height // 2, filter=filter)
    quarter = Resize(width=width // 4, height=height // 4, filter=filter)
    three = Resize(width=width // 4 * 3 // 4, height=height // 4 * 3 // 4, filter=filter)
    return {
        "median": (half, Median(radius=1), quarter, jpeg("photoshop-4")),
        "defocus": (half, Gaussian(sigma_x=1.0, sigma_y=1.0), quarter, jpeg("photoshop-3")),
        "interpolation": (quarter, three, quarter, jpeg("photoshop-3")),
        "heavy blur": (half, Gaussian(sigma_x=2.0, sigma_y=2.0), Median(radius=2), quarter, jpeg("photoshop-4")),
        "motion": (quarter, Motion(angle=ANGLE, length=10.0), jpeg("photoshop-3")),
        "plain": (quarter, jpeg("photoshop-3")),
    }[scenario]


def jpeg(name: str) -> Jpeg:
    """Resolve a preset."""
    tables = preset(name)
    return Jpeg(luma=tables.luma, chroma=tables.chroma, subsampling=tables.subsampling)
