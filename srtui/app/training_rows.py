"""The figures of a training on the live page: what matters most comes first, as low pages show the first rows only."""

from __future__ import annotations

from srtui.app.live_rows import LABEL, fitted
from srtui.app.plot import Row, short
from srtui.app.snapshot import Curves, Judged

Part = list[tuple[str, str]]

SATURATED = 95
"""Right verdicts of a discriminator in %, from which on it learns nothing from the network, nor the network from it."""


def figures(curves: Curves, width: int, most: int = 2) -> list[Row]:
    """Up to ``most`` rows: Y-PSNR, loss and data, the discriminator's, the other figures of a validation, pictures."""
    rows = [_psnr(curves), _rates(curves)]
    if "gan" in curves.latest or "disc" in curves.latest:
        rows.append(_gan(curves.latest))
    if curves.judged is not None:
        rows.append(_judged(curves.judged))
    if curves.previews:
        rows.append([_label("pictures"), [(f"{curves.pictures} through time: ", "quiet"), (curves.previews, "")]])
    return [fitted(row, width) for row in rows[:most]]


def _label(text: str) -> Part:
    return [(f" {text:<{LABEL}}", "quiet")]


def _psnr(curves: Curves) -> list[Part]:
    if curves.psnr_now is None or curves.psnr_best is None:
        return [_label("Y-PSNR"), [("no validation yet", "quiet")]]
    parts: list[Part] = [_label("Y-PSNR"), [("now ", "quiet"), (f"{curves.psnr_now:.2f} dB", "strong")]]
    parts.append([("   best ", "quiet"), (f"{curves.psnr_best:.2f}", ""), (f" at {curves.best_at or 0:,}", "quiet")])
    if curves.bicubic is not None:
        gain = curves.psnr_now - curves.bicubic
        parts.append([("   bicubic ", "quiet"), (f"{curves.bicubic:.2f}", "")])
        parts.append([("   gain ", "quiet"), (f"{gain:+.2f}", "good" if gain > 0 else "warning")])
    return parts


def _rates(curves: Curves) -> list[Part]:
    latest = curves.latest
    loss = latest.get("smoothed", latest.get("loss"))
    parts: list[Part] = [_label("loss"), [("    ", ""), ("–" if loss is None else f"{loss:.4f}", "strong")]]
    if "lr" in latest:
        parts.append([("      rate ", "quiet"), (f"{latest['lr']:.2e}", "")])
    if "data_wait" in latest:
        waiting = latest["data_wait"]
        parts.append([("   waits for data ", "quiet"), (f"{waiting:.0f} %", "warning" if waiting >= 10 else "")])
    if latest.get("skipped"):
        parts.append([("   skipped ", "quiet"), (f"{latest['skipped']:.0f}", "warning")])
    if latest.get("variations"):
        parts.append([("   variations ", "quiet"), (short(latest["variations"]), "")])
    return parts


def _gan(latest: dict[str, float]) -> list[Part]:
    """The parts of the loss apart, and how well the discriminator tells."""
    parts: list[Part] = [_label("GAN")]
    for key, name in (("gan", "    "), ("content", "   content "), ("disc", "   discriminator ")):
        if key in latest:
            parts.append([(name, "quiet"), (f"{latest[key]:.4f}", "strong" if key == "gan" else "")])
    if "disc_right" in latest:
        right = 100 * latest["disc_right"]
        parts.append([("   is right ", "quiet"), (f"{right:.0f} %", "warning" if right >= SATURATED else "")])
    return parts


def _judged(judged: Judged) -> list[Part]:
    """What a validation measured besides; bicubic's in brackets."""
    parts: list[Part] = [_label("also")]
    if judged.blocks is not None:
        kind = "warning" if judged.amplified else "good" if judged.blocks < 1 else ""
        told = " amplified" if judged.amplified else ""
        parts.append([("blocks ", "quiet"), (f"{judged.blocks:.2f}", kind), (" × bicubic's", "quiet"), (told, kind)])
    for name, (network, bicubic) in judged.figures.items():
        digits = 2 if "PSNR" in name else 4
        parts.append([(f"   {name} ", "quiet"), (f"{network:.{digits}f}", ""), (f" ({bicubic:.{digits}f})", "quiet")])
    return parts
