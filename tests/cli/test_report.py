"""The table that `srtui validate` prints."""

from __future__ import annotations

from typing import Any

from srtui.cli.report import report_lines


def row(name: str, gain: float = 0.5, **more: Any) -> dict[str, Any]:
    side = {"psnr_y": 27.31, "ssim_y": 0.8113, "psnr_rgb": 25.96, "ssim_rgb": 0.7952}
    return {"name": name, "pictures": 12, "bicubic": side, "network": side, "gain_y": gain, **more}


def test_a_report_fits_into_eighty_columns() -> None:
    blocks = {"amplification_8": 0.71, "amplification_16": 0.74, "amplified": False}
    report = {"scenarios": [row("a scenario with a long name", **blocks)], "mean": row("all", **blocks)}
    lines = report_lines(report)
    assert max(map(len, lines)) <= 80
    assert lines[-1].split() == [
        "all",
        "12",
        "27.31",
        ".8113",
        "25.96",
        ".7952",
        "27.31",
        ".8113",
        "25.96",
        ".7952",
        "+0.50",
        "0.74",
    ]


def test_what_is_wrong_is_named() -> None:
    bad = {"amplification_8": 2.5, "amplification_16": 1.0, "amplified": True}
    report = {"scenarios": [row("dv", -0.1, **bad)], "mean": row("all", -0.1, **bad), "amplifying": ["dv"]}
    lines = report_lines(report)
    assert lines[2].endswith("-0.10  2.50!")
    assert lines[-2:] == ["worse than bicubic: dv", "blocks are taken for objects: dv"]


def test_lpips_names_its_network() -> None:
    report = {"scenarios": [], "mean": row("all"), "lpips": "VGG16"}
    report["mean"] = {**report["mean"], "bicubic": {**report["mean"]["bicubic"], "lpips": 0.4}}
    report["mean"] = {**report["mean"], "network": {**report["mean"]["network"], "lpips": 0.25}}
    assert report_lines(report)[-1] == "LPIPS (VGG16, lower is better): bicubic 0.4000, network 0.2500"


def test_a_report_of_version_1_is_shown_too() -> None:
    lines = report_lines({"version": 1, "scenarios": [row("soft")], "mean": row("all")})
    assert lines[-1].endswith("+0.50     –")
