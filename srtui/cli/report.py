"""A validation report as lines for people."""

from __future__ import annotations

from typing import Any

_NAME = 12
"""Columns for the names of scenarios; with them a row has 79."""


def report_lines(report: dict[str, Any]) -> list[str]:
    """Table: bicubic and the network, PSNR and SSIM on Y and RGB, per scenario and together; then what is to know."""
    mean = report["mean"]
    kinds = "   Y  ssim   RGB  ssim"
    lines = [
        f"{'':<{_NAME + 4}} {'bicubic':^23}  {'network':^23}   gain blocks",
        f"{'scenario':<{_NAME}}{'n':>4} {kinds:<23}  {kinds:<23}   Y dB × bic.",
        *(_row(each["name"], each) for each in report["scenarios"]),
        _row("all", mean),
        *_lpips(report),
    ]
    losing = [each["name"] for each in report["scenarios"] if each["gain_y"] < 0]
    if losing:
        lines.append(f"worse than bicubic: {', '.join(losing)}")
    if report.get("amplifying"):
        lines.append(f"blocks are taken for objects: {', '.join(report['amplifying'])}")
    return lines


def _lpips(report: dict[str, Any]) -> list[str]:
    if not report.get("lpips"):
        return []
    bicubic, network = (report["mean"][side]["lpips"] for side in ("bicubic", "network"))
    if bicubic is None or network is None:
        return []
    return [f"LPIPS ({report['lpips']}, lower is better): bicubic {bicubic:.4f}, network {network:.4f}"]


def _row(name: str, each: dict[str, Any]) -> str:
    short = name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
    sides = "  ".join(_figures(each[side]) for side in ("bicubic", "network"))
    return f"{short:<{_NAME}}{each['pictures']:>4} {sides} {each['gain_y']:+6.2f} {_blocks(each)}"


def _blocks(each: dict[str, Any]) -> str:
    """How many times as high as bicubic's edges of blocks are, ! where that is alarming; version 1 does not say."""
    times = [each[key] for key in ("amplification_8", "amplification_16") if each.get(key) is not None]
    return f"{max(times):5.2f}{'!' if each.get('amplified') else ''}" if times else f"{'–':>5}"


def _figures(side: dict[str, float]) -> str:
    return " ".join(f"{side[f'psnr_{of}']:5.2f} {side[f'ssim_{of}']:5.4f}".replace(" 0.", " .") for of in ("y", "rgb"))
