"""Events become snapshots."""

from __future__ import annotations

from typing import Any

from srtui.app.snapshot import LINES, REJECTED, Recorder, Snapshot
from srtui.jobs.status import JobStatus

STATUS = JobStatus(id="20260225T061320Z-train-0000", kind="train", created="2026-02-25T06:13:20+00:00", state="running")


def after(*events: dict[str, Any]) -> Snapshot:
    recorder = Recorder("fast", 300_000)
    for number, event in enumerate(events):
        recorder.take({"v": 1, "t": 1000.0 + number, **event})
    return recorder.snapshot(STATUS)


def test_metrics_become_the_curve_and_the_latest_figures() -> None:
    seen = after(
        {"kind": "metric", "iteration": 100, "loss": 0.5, "lr": 2e-4, "data_wait": 3.0},
        {"kind": "metric", "iteration": 200, "loss": 0.25, "lr": 1e-4, "data_wait": 4.0},
    )
    assert [each.last for each in seen.curves.loss] == [100, 200]
    assert seen.curves.latest == {"loss": 0.25, "lr": 1e-4, "data_wait": 4.0}


def test_a_loss_that_is_no_number_leaves_no_point() -> None:
    seen = after(
        {"kind": "metric", "iteration": 100, "loss": None},
        {"kind": "metric", "iteration": 200, "loss": 0.0},
        {"kind": "metric", "iteration": "x", "loss": 1.0},
    )
    assert seen.curves.loss == ()


def test_validations_give_now_best_and_bicubic() -> None:
    seen = after(
        {"kind": "validation", "iteration": 1000, "psnr_y": 27.5, "gain_y": 0.5},
        {"kind": "validation", "iteration": 2000, "psnr_y": 27.25, "gain_y": 0.25},
    )
    curves = seen.curves
    assert (curves.psnr_now, curves.psnr_best, curves.best_at, curves.bicubic) == (27.25, 27.5, 1000, 27.0)


def test_a_validation_gives_what_it_measured_besides() -> None:
    bicubic = {"psnr_y": 27.0, "ssim_y": 0.81, "psnr_rgb": 25.5, "ssim_rgb": 0.79, "lpips": None, "blocks_8": 4.0}
    figures = {"psnr_y": 27.5, "gain_y": 0.5, "ssim_y": 0.83, "psnr_rgb": 26.0, "lpips": None, "bicubic": bicubic}
    blocks = {"amplification_8": 1.7, "amplification_16": None, "amplified": True}
    judged = after({"kind": "validation", "iteration": 1000, **figures, **blocks}).curves.judged
    assert judged is not None
    assert judged.figures == {"SSIM": (0.83, 0.81), "RGB-PSNR": (26.0, 25.5)}
    assert (judged.blocks, judged.amplified) == (1.7, True)
    assert after({"kind": "validation", "iteration": 1000, "psnr_y": 27.5}).curves.judged is None
    assert after({"kind": "validation", "iteration": 1, "psnr_y": 27.5, "bicubic": {"ssim_y": "x"}}).curves.judged


def test_figures_of_a_discriminator_end_with_its_stage() -> None:
    gan = {"kind": "metric", "iteration": 100, "loss": 0.5, "gan": 0.7, "disc": 1.1, "disc_right": 0.6}
    assert after(gan).curves.latest["disc"] == 1.1
    assert after(gan, {"kind": "metric", "iteration": 200, "loss": 0.4}).curves.latest == {"loss": 0.4}


def test_pictures_through_time_are_named_from_the_projects_folder() -> None:
    event = {"kind": "previews", "iteration": 5, "path": "/home/p/jobs/x-train-1/previews/index.json", "pictures": 24}
    curves = after(event).curves
    assert (curves.previews, curves.pictures) == ("jobs/x-train-1/previews/strips", 24)
    assert after({"kind": "previews", "path": 5, "pictures": None}).curves.previews == ""


def test_what_is_done_anew_after_a_resume_replaces_the_old() -> None:
    seen = after(
        {"kind": "metric", "iteration": 100, "loss": 0.5},
        {"kind": "checkpoint", "iteration": 100},
        {"kind": "metric", "iteration": 200, "loss": 9.0},
        {"kind": "validation", "iteration": 200, "psnr_y": 40.0},
        {"kind": "checkpoint", "iteration": 200},
        {"kind": "resumed", "iteration": 100},
        {"kind": "metric", "iteration": 200, "loss": 0.4},
    )
    assert [each.mean for each in seen.curves.loss] == [0.5, 0.4]
    assert seen.curves.checkpoints == (100,)
    assert seen.curves.psnr_best is None


def test_rejected_inputs_are_counted_beyond_those_kept() -> None:
    seen = after(*({"kind": "rejected", "name": f"{n}.png", "reason": "broken"} for n in range(REJECTED + 50)))
    assert seen.rejected_count == REJECTED + 50
    assert len(seen.rejected) == REJECTED
    assert seen.rejected[-1] == (f"{REJECTED + 49}.png", "broken")


def test_what_happened_is_kept_in_words_and_bounded() -> None:
    seen = after(
        *({"kind": "alarm", "text": f"no {n}"} for n in range(LINES + 10)), {"kind": "checkpoint", "iteration": 7}
    )
    assert len(seen.happenings) == LINES
    assert seen.happenings[-1].text == "checkpoint at 7"
    assert seen.happenings[-2].alarm


def test_a_run_names_the_job_that_it_does_now() -> None:
    running = {"kind": "step", "name": "train", "state": "running", "job": "/p/jobs/x"}
    assert after(running).child == "/p/jobs/x"
    assert after(running, {"kind": "step", "name": "train", "state": "done"}).child == ""


def test_an_event_of_a_newer_srtui_says_nothing() -> None:
    assert after({"kind": "dreamt"}) == after()
