"""
``srtui validate``: a network against bicubic on a dataset's validation pictures, in figures and in pictures.

report.json in the output folder::

    {"version": 2, "model": path, "network": "MSRResNet 64/16 ×4, 1,517,571 parameters", "dataset": path, "scale": 4,
     "border": 4, "precision": "fp32", "lpips": "AlexNet" or "VGG16", null where it was not measured,
     "mean": {"name": "all", "pictures": 24, "bicubic": FIGURES, "network": FIGURES, "gain_y": 0.52,
              "amplification_8": 0.71, "amplification_16": 0.7, "amplified": false},
     "scenarios": [like mean, with the scenario's name, …],      by name
     "losing": [names of scenarios with a gain below 0],
     "amplifying": [names of scenarios in which blocks are amplified],
     "minimum_gain": 0.2 or null, "passed": true,
     "pictures": [like mean, "scenario": name, "sheet": file name or null, …],
     "too_small": [names of pictures that could not be measured]}

FIGURES is ``{"psnr_y", "ssim_y", "psnr_rgb", "ssim_rgb", "lpips", "blocks_8", "blocks_16"}``; the last three are null
where they are not measured. Gains are of Y-PSNR, in dB; blocks in levels², see block_amplification.py, and
amplifications in times bicubic's height. Version 1 had neither blocks nor LPIPS.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from srtui.config.requests import ValidateRequest
from srtui.data.datasets import Dataset, open_dataset
from srtui.data.pictures import write_png
from srtui.engine.announcing import alarm_of, event_of
from srtui.engine.choosing import spread_over_scenarios
from srtui.engine.device import choose_precision, pick_device, use_threads
from srtui.engine.lpips import Lpips
from srtui.engine.models import LoadedModel, load_model
from srtui.engine.restorer import Restorer
from srtui.engine.scores import Seen, Validation, validate_network
from srtui.engine.side_by_side import side_by_side
from srtui.errors import CheckFailedError, UsageError
from srtui.files import write_json
from srtui.jobs.context import JobContext

REPORT = "report.json"
VERSION = 2


def run(job: JobContext, request: ValidateRequest) -> None:
    """Measure, draw, report.

    Raises
    ------
    UsageError
        If the network and the dataset are of two scales, or the files of LPIPS do not fit.
    CheckFailedError
        If the mean gain is below what was asked for; the report is there all the same.
    NothingUsableError
        If there is no picture to measure.
    """
    device, output = pick_device(request.device), Path(request.output)
    threads = use_threads(request.threads)
    job.phase("loading", quiet=300)
    precision = choose_precision(request.precision, device)
    dataset, model = open_dataset(Path(request.dataset)), load_model(Path(request.model), device)
    lpips = None if request.lpips is None else Lpips(request.lpips, device)
    _assert_one_scale(dataset, model, request)
    reader = dataset.reader("val")
    output.mkdir(parents=True, exist_ok=True)
    _remove_old(output)
    sheets = dict.fromkeys(spread_over_scenarios(reader, request.pictures), "")  # names of files, when they are drawn

    def draw(seen: Seen) -> None:
        sheets[seen.name] = _sheet_name(seen)
        write_png(output / sheets[seen.name], side_by_side(seen))
        job.event("preview", path=str(output / sheets[seen.name]), name=seen.name, scenario=seen.scenario)

    def tell(done: int, total: int) -> None:
        job.progress(done, total, "pictures")
        job.check()

    job.phase("validating", quiet=600)
    restore = Restorer(model.net, precision=precision, note=job.alarm)
    found = validate_network(restore, reader, lpips=lpips, show=sheets, see=draw, threads=threads, progress=tell)
    report = _report(request, model, found, sheets, precision) | {"lpips": lpips and lpips.network}
    write_json(output / REPORT, report)
    _announce(job, found, output)
    _check(found, request)


def _assert_one_scale(dataset: Dataset, model: LoadedModel, request: ValidateRequest) -> None:
    if model.scale != dataset.scale:
        fact = f"enlarges ×{model.scale}, but the dataset was made for ×{dataset.scale}"
        raise UsageError(request.model, fact, where=request.dataset, hint="give a network of the dataset's scale")


def _remove_old(output: Path) -> None:
    """Remove an earlier report with its pictures: none of them belongs to what comes now."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        for each in json.loads((output / REPORT).read_text(encoding="utf-8"))["pictures"]:
            if isinstance(each["sheet"], str) and re.fullmatch(r"[\w-]+\.png", each["sheet"]):
                (output / each["sheet"]).unlink(missing_ok=True)
    (output / REPORT).unlink(missing_ok=True)


def _sheet_name(seen: Seen) -> str:
    """File name that says which; scenarios may be called anything."""
    scenario = re.sub(r"[^\w-]+", "-", seen.scenario)[:60]
    return f"{seen.name}-{scenario}.png"


def _report(
    request: ValidateRequest, model: LoadedModel, found: Validation, sheets: dict[str, str], precision: str
) -> dict[str, Any]:
    return {
        "version": VERSION,
        "model": request.model,
        "network": model.description,
        "dataset": request.dataset,
        "scale": model.scale,
        "border": model.scale,
        "precision": precision,
        "lpips": None,
        **found.plain(),
        "losing": list(found.losing),
        "amplifying": list(found.amplifying),
        "minimum_gain": request.minimum_gain,
        "passed": _passed(found, request),
        "pictures": [
            {**each.score.plain(), "scenario": each.scenario, "sheet": sheets.get(each.score.name) or None}
            for each in found.pictures
        ],
        "too_small": list(found.too_small),
    }


def _announce(job: JobContext, found: Validation, output: Path) -> None:
    for name in found.too_small:
        job.rejected(name, "too small to be measured")
    job.event("validation", **event_of(found))
    if text := alarm_of(found):
        job.alarm(text)
    gain, losing, amplifying = found.mean.gain_y, list(found.losing), list(found.amplifying)
    report = str(output / REPORT)
    job.result(state="validated", report=report, gain_y=gain, losing=losing, amplifying=amplifying)


def _passed(found: Validation, request: ValidateRequest) -> bool:
    return request.minimum_gain is None or found.mean.gain_y >= request.minimum_gain


def _check(found: Validation, request: ValidateRequest) -> None:
    if _passed(found, request):
        return
    mean = found.mean
    levels = f"Y-PSNR {mean.network.psnr_y:.2f} dB, bicubic {mean.bicubic.psnr_y:.2f} ({mean.pictures} pictures)"
    fact = f"{levels}: a gain of {mean.gain_y:+.3f}, where {request.minimum_gain:+.3f} was asked for"
    hint = "train longer, or on pictures more like these"
    raise CheckFailedError(request.model, fact, where=Path(request.output) / REPORT, hint=hint)
