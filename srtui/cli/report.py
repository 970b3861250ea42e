"""A validation report as lines for people."""

from __future__ import annotations

from typing import Any


def report_lines(report: dict[str, Any]) -> list[str]:
    """Table: bicubic and the network, PSNR and SSIM on Y and RGB, per scenario and together."""
    head = f"{'scenario':<16}{'n':>4}  {'bicubic':^25}  {'network':^25}  {'gain':>6}"
    units = f"{'':<20}  {'Y dB   ssim    RGB dB':<25}  {'Y dB   ssim    RGB dB':<25}  {'Y dB':>6}"
    rows = [_row(each["name"], each) for each in report["scenarios"]]
    losing = [each["name"] for each in report["scenarios"] if each["gain_y"] < 0]
    lines = [head, units, *rows, _row("all", report["mean"])]
    if losing:
        lines.append(f"worse than bicubic: {', '.join(losing)}")
    return lines


def _row(name: str, each: dict[str, Any]) -> str:
    sides = "  ".join(_figures(each[side]) for side in ("bicubic", "network"))
    return f"{name:<16}{each['pictures']:>4}  {sides}  {each['gain_y']:+6.2f}"


def _figures(side: dict[str, float]) -> str:
    return f"{side['psnr_y']:6.2f} {side['ssim_y']:.4f} {side['psnr_rgb']:6.2f} {side['ssim_rgb']:.4f}"
