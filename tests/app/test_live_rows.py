"""What the live page says."""

from __future__ import annotations

import dataclasses

import pytest

from srtui.app import live_rows
from srtui.app.follower import Moment
from srtui.app.look import UNICODE
from srtui.app.plot import Row
from srtui.app.snapshot import Curves, Judged, Snapshot
from srtui.app.training_rows import figures
from srtui.hardware.gauges import Gauges, GpuGauge
from srtui.jobs.status import JobStatus

STATUS = JobStatus(
    id="j",
    kind="train",
    created="",
    state="running",
    phase="training",
    done=12_340,
    total=300_000,
    unit="iterations",
    eta=7020.0,
)
SEEN = Snapshot(status=STATUS, curves=Curves(latest={"it_s": 41.26, "loss": 0.02, "lr": 2e-4, "data_wait": 12.0}))


def text_of(*rows: Row) -> str:
    return "\n".join("".join(part for part, _ in row) for row in rows)


def test_the_first_row_says_run_state_step_speed_and_time_left() -> None:
    row = live_rows.head(Moment(job=SEEN), "minidv", 80, UNICODE)
    assert " ".join(text_of(row).split()) == ("minidv train ● training 12,340/300,000 4 % 41.3 it/s 1 h 57 left")
    assert len(text_of(row)) == 79


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_the_first_row_fits(width: int) -> None:
    assert len(text_of(live_rows.head(Moment(job=SEEN), "a project with a long name", width, UNICODE))) <= max(
        width, 32
    )


def test_a_state_that_is_not_running_comes_before_the_phase() -> None:
    paused = dataclasses.replace(SEEN, status=dataclasses.replace(STATUS, state="paused"))
    assert "‖ paused" in text_of(live_rows.head(Moment(job=paused), "", 80, UNICODE))


def test_the_variations_that_were_seen_are_counted_where_there_is_room() -> None:
    curves = Curves(latest={"smoothed": 0.02, "lr": 2e-4, "data_wait": 2.0, "variations": 102_400})
    assert "variations 102k" in text_of(*figures(curves, 80))
    assert "variations" not in text_of(*figures(curves, 50))


def test_much_waiting_for_data_is_marked() -> None:
    rows = figures(SEEN.curves, 80)
    assert ("12 %", "warning") in rows[1]
    assert "no validation yet" in text_of(rows[0])


def test_a_gain_over_bicubic_is_told_with_its_sign() -> None:
    curves = Curves(latest={}, psnr_now=27.0, psnr_best=27.5, best_at=900, bicubic=27.2)
    row = figures(curves, 80)[0]
    assert text_of(row).split() == [
        "Y-PSNR",
        "now",
        "27.00",
        "dB",
        "best",
        "27.50",
        "at",
        "900",
        "bicubic",
        "27.20",
        "gain",
        "-0.20",
    ]
    assert ("-0.20", "warning") in row


def test_what_a_validation_measured_besides_is_shown_with_bicubic_in_brackets() -> None:
    judged = Judged(figures={"SSIM": (0.8312, 0.8113), "RGB-PSNR": (26.4, 24.9)}, blocks=0.74)
    curves = Curves(latest={}, judged=judged, pictures=24, previews="jobs/x/previews/strips")
    rows = figures(curves, 100, 5)
    assert " ".join(text_of(rows[2]).split()) == (
        "also blocks 0.74 × bicubic's SSIM 0.8312 (0.8113) RGB-PSNR 26.40 (24.90)"
    )
    assert ("0.74", "good") in rows[2]
    assert text_of(rows[3]).strip() == "pictures 24 through time: jobs/x/previews/strips"
    assert len(figures(curves, 80, 2)) == 2, "a low page has room for the first two"


def test_amplified_blocks_are_marked_and_said_in_words() -> None:
    curves = Curves(latest={}, judged=Judged(figures={}, blocks=2.5, amplified=True))
    row = figures(curves, 80, 5)[2]
    assert ("2.50", "warning") in row
    assert (" amplified", "warning") in row


def test_the_losses_of_a_gan_are_shown_while_there_is_one() -> None:
    latest = {"smoothed": 0.05, "content": 0.0123, "gan": 0.6931, "disc": 1.2, "disc_real": 1.0, "disc_right": 0.97}
    rows = figures(Curves(latest=latest), 80, 5)
    assert " ".join(text_of(rows[2]).split()) == "GAN 0.6931 content 0.0123 discriminator 1.2000 is right 97 %"
    assert ("97 %", "warning") in rows[2]
    assert len(figures(Curves(latest={"smoothed": 0.05}), 80, 5)) == 2


def test_a_validation_under_way_says_how_far_it_is() -> None:
    status = dataclasses.replace(STATUS, figures={"validating": "3/24"})
    seen = dataclasses.replace(SEEN, status=status)
    assert "● validating 3/24" in text_of(live_rows.head(Moment(job=seen), "", 80, UNICODE))


def test_bars_have_numbers_and_a_gpu_its_temperature() -> None:
    gpu = GpuGauge(
        index=3, name="x", busy=0.5, memory_used=10**10, memory_total=4 * 10**10, temperature=90, power=300.0
    )
    found = Gauges(cpu_busy=0.25, cores=8, memory_used=10**9, memory_total=10**10, gpus=(gpu,))
    rows = live_rows.gauges(found, None, 80, 4, UNICODE)
    assert "50%" in text_of(rows[0])
    assert "10.0/40 GB" in text_of(rows[0])
    assert any(part.strip() == "90 °C" and kind == "warning" for part, kind in rows[0])
    assert text_of(rows[1]).count("━") == 5 + 1
    assert all(len(text_of(row)) <= 80 for row in rows)


def test_only_gpus_of_the_job_are_shown_where_that_can_be_told() -> None:
    gpus = tuple(GpuGauge(index=index, name="x", busy=0.1, pids=(100 + index,)) for index in range(8))
    found = Gauges(cpu_busy=0.0, cores=8, memory_used=1, memory_total=2, gpus=gpus)
    assert [gpu.index for gpu in found.gpus_of(105)] == [5]
    assert len(found.gpus_of(9)) == 8
    assert len(live_rows.gauges(found, 9, 80, 4, UNICODE)) == 4


def test_a_failure_is_shown_with_its_place_and_hint() -> None:
    status = dataclasses.replace(STATUS, state="failed", error="error: disk: full\n --> /x\n  = free some room")
    shown = text_of(*live_rows.outcome(dataclasses.replace(SEEN, status=status), 80))
    assert shown.splitlines() == [" error: disk: full", "  --> /x", "   = free some room"]


def test_the_share_is_the_same_in_head_and_bar() -> None:
    status = dataclasses.replace(STATUS, kind="prepare", done=5, total=88)
    seen = dataclasses.replace(SEEN, status=status)
    assert "5 %" in text_of(live_rows.head(Moment(job=seen), "", 80, UNICODE))
    assert text_of(live_rows.phase(seen, 80, UNICODE)[1]).endswith("  5 %")


def test_one_line_of_what_happened_stays_one_row() -> None:
    seen = [live_rows.Happening(at=0.0, text="a\nb " + "x" * 200, alarm=True)]
    (row,) = live_rows.happenings(seen, 60, 3)
    assert len(text_of(row)) == 60
    assert text_of(row).endswith("…")
