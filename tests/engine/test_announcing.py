"""What a validation says: its event, its curves, and the alarm about blocks."""

from __future__ import annotations

from srtui.engine.announcing import alarm_of, curves_of, event_of
from srtui.engine.metrics import Figures
from srtui.engine.scores import PictureScore, Score, Validation


def figures(psnr: float = 30.0, blocks_8: float | None = 0.0, blocks_16: float | None = 0.0) -> Figures:
    return Figures(psnr_y=psnr, ssim_y=0.9, psnr_rgb=psnr - 1, ssim_rgb=0.8, blocks_8=blocks_8, blocks_16=blocks_16)


def one(scenario: str, network: Figures, bicubic: Figures | None = None) -> PictureScore:
    score = Score(name=scenario, pictures=1, bicubic=bicubic or figures(29.0, 4.0, 4.0), network=network)
    return PictureScore(scenario=scenario, score=score)


def test_an_event_holds_the_means_with_bicubic_beside_them() -> None:
    found = Validation(pictures=(one("soft", figures(30.0)), one("sharp", figures(32.0))))
    event = event_of(found)
    assert (event["psnr_y"], event["bicubic"]["psnr_y"], event["gain_y"], event["pictures"]) == (31.0, 29.0, 2.0, 2)
    assert [each["name"] for each in event["scenarios"]] == ["sharp", "soft"]
    assert event["lpips"] is None
    assert not event["amplified"]
    assert event.keys().isdisjoint({"name", "network", "kind", "iteration", "t", "v"})


def test_curves_are_scalars() -> None:
    found = Validation(pictures=(one("soft", figures(30.0, 9.0)),))
    curves = curves_of(found)
    assert curves["psnr_y"] == 30.0
    assert curves["lpips"] is None
    assert curves["amplification_8"] == (10 / 5) ** 0.5


def test_amplified_blocks_are_told_with_their_height_and_where() -> None:
    found = Validation(pictures=(one("soft", figures()), one("dv", figures(30.0, 24.0, 99.0))))
    assert alarm_of(found) == (
        "blocks are taken for objects in dv: edges of 16 × 16 blocks are up to 4.5 times as high as bicubic's "
        "(9.9 levels of 255); train with a degradation whose blocks are as strong as these"
    )
    everywhere = Validation(pictures=(one("dv", figures(30.0, 99.0, 24.0)),))
    assert alarm_of(everywhere).startswith("blocks are taken for objects: edges of 8 × 8 blocks")


def test_without_them_nothing_is_said() -> None:
    assert alarm_of(Validation(pictures=(one("soft", figures()), one("small", figures(30.0, None, None))))) == ""
