"""
``python -m benchmarks quality``: how good a network gets in so many minutes on this machine, on Set5 and Set14.

Trains with bicubic ×4, by srtui's own training job, and measures the averaged network at twelve moments. The output
folder gets ``<network>.json`` (the curve), ``<network>.safetensors`` (the network) and ``quality.svg`` (all curves
there); a network that was measured before stays in the table and in the picture. NETWORK.json::

    {"version": 1, "network": "MSRResNet 64/16 ×4", "parameters": 1517571, "machine": "…", "torch": "2.9.0",
     "device": "cpu", "precision": "bf16", "threads": 2, "batch": 4, "gt_size": 96, "lr": 0.0005, "photos": 20,
     "bicubic": {"Set5": FIGURES, …},
     "curve": [{"iteration": 500, "seconds": 100.2, "Set5": FIGURES, …}, …]}

FIGURES is ``{"psnr_y", "ssim_y", "psnr_rgb", "ssim_rgb"}``, means over pictures with a border of 4.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks import learning
from benchmarks.learning import Kept, learn, make_dataset, recipe
from benchmarks.machine import processor
from benchmarks.picture_sets import SCALE, PictureSet
from benchmarks.quality_plot import Panel, draw
from srtui.config.profile import Profile
from srtui.data.datasets import open_dataset
from srtui.engine import networks
from srtui.engine.device import choose_precision, pick_device
from srtui.engine.metrics import Figures
from srtui.engine.models import load_model
from srtui.engine.restorer import Restorer
from srtui.files import write_json, write_whole

VERSION = 1
ON_CPU = ("compact", "srresnet")
"""What is trained without being asked for; on a GPU all are."""

Curve = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Train, measure, print the table; the files are in the output folder."""
    asked = _parser().parse_args(arguments)
    sets = [PictureSet.read(name, folder) for name, folder in (("Set5", asked.set5), ("Set14", asked.set14)) if folder]
    bicubic = {each.name: _plain(each.check()) for each in sets}
    device = pick_device(asked.device)
    names = [name for name in learning.RECIPES if _wanted(name, asked.only, device)]
    if not names:
        print(f"no network is called {asked.only!r}; there are {', '.join(learning.RECIPES)}", file=sys.stderr)
        return 2
    asked.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="srtui-quality-") as folder:
        dataset = make_dataset(Path(folder), asked.photos)
        for name in names:
            profile, root = recipe(name), Path(folder) / name
            kept = learn(profile, dataset, root, minutes=asked.minutes, device=str(device), threads=asked.threads)
            curve = _about(profile, device, dataset, asked.threads) | {
                "bicubic": bicubic,
                "curve": _measured(kept, sets, device),
            }
            write_json(asked.output / f"{name}.json", curve)
            shutil.copyfile(root / f"{name}.safetensors", asked.output / f"{name}.safetensors")
    curves = read_curves(asked.output)
    write_whole(asked.output / "quality.svg", draw(_panels(curves)))
    print(as_markdown(curves))
    return 0


def read_curves(output: Path) -> dict[str, Curve]:
    """Every curve in a folder, by the network's short name, in the order of `learning.RECIPES`."""
    files = {name: output / f"{name}.json" for name in learning.RECIPES}
    return {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items() if file.is_file()}


def as_markdown(curves: dict[str, Curve]) -> str:
    """The table of docs/quality.md: figures at some moments, and how the networks were trained."""
    sets = list(next(iter(curves.values()))["bicubic"])
    lines = [
        "| network | minutes | updates |" + "".join(f" {name} Y | {name} RGB |" for name in sets),
        "|---|---|---|" + "---|---|" * len(sets),
        "| bicubic | | |" + _cells(next(iter(curves.values()))["bicubic"], sets),
    ]
    lines += [
        f"| {curve['network']} | {point['seconds'] / 60:.1f} | {point['iteration']:,} |" + _cells(point, sets)
        for curve in curves.values()
        for point in _some(curve["curve"])
    ]
    return "\n".join([*lines, "", *map(_conditions, curves.values())])


def _conditions(curve: Curve) -> str:
    return (
        f"- {curve['network']}: {curve['parameters']:,} parameters, crops of {curve['gt_size']} px, batch "
        f"{curve['batch']}, peak rate {curve['lr']:g}, {curve['photos']} pictures; {curve['machine']}, "
        f"{curve['threads']} threads, torch {curve['torch']} on {curve['device']}, {curve['precision']}"
    )


def _some(points: Sequence[Curve]) -> list[Curve]:
    """The first after the beginning, a quarter, a half, and the end."""
    last = len(points) - 1
    return [points[index] for index in sorted({min(1, last), last // 4, last // 2, last})]


def _cells(figures: dict[str, Any], sets: Sequence[str]) -> str:
    found = [figures[name] for name in sets]
    return "".join(
        f" {each[f'psnr_{space}']:.2f} / {each[f'ssim_{space}']:.4f} |" for each in found for space in ("y", "rgb")
    )


def _about(profile: Profile, device: torch.device, dataset: Path, threads: int) -> Curve:
    (stage,) = profile.stages
    net = networks.build(profile.network, SCALE)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    return {
        "version": VERSION,
        "network": networks.title(profile.network, SCALE),
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "machine": name,
        "torch": str(torch.__version__),
        "device": device.type,
        "precision": choose_precision(profile.precision, device),
        "threads": threads or len(os.sched_getaffinity(0)),
        "batch": stage.batch,
        "gt_size": stage.gt_size,
        "lr": stage.optimizer.lr,
        "photos": open_dataset(dataset).about.totals.train,
    }


def _measured(kept: Sequence[Kept], sets: Sequence[PictureSet], device: torch.device) -> list[Curve]:
    points = []
    for number, moment in enumerate(kept, start=1):
        restore = Restorer(load_model(moment.path, device).net)
        figures = {each.name: _plain(each.measure(restore)) for each in sets}
        points.append({"iteration": moment.iteration, "seconds": round(moment.seconds, 1), **figures})
        shown = ", ".join(f"{name} {found['psnr_y']:.2f} dB" for name, found in figures.items())
        print(f"{number}/{len(kept)} measured: {shown}", file=sys.stderr, flush=True)
    return points


def _plain(figures: Figures) -> dict[str, float]:
    return {name: getattr(figures, name) for name in ("psnr_y", "ssim_y", "psnr_rgb", "ssim_rgb")}


def _panels(curves: dict[str, Curve]) -> list[Panel]:
    bicubic = next(iter(curves.values()))["bicubic"]
    return [
        Panel(
            title=name,
            bicubic=figures["psnr_y"],
            lines={
                short: [(point["seconds"] / 60, point[name]["psnr_y"]) for point in curve["curve"]]
                for short, curve in curves.items()
            },
        )
        for name, figures in bicubic.items()
    ]


def _wanted(name: str, only: str, device: torch.device) -> bool:
    if only:
        return fnmatch.fnmatchcase(name, only)
    return name in ON_CPU or device.type == "cuda"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks quality", description="Train for some minutes with bicubic ×4, and measure."
    )
    parser.add_argument("--photos", type=Path, metavar="DIR", help="train on these pictures; dead leaves without it")
    parser.add_argument("--set5", type=Path, metavar="DIR", help="PNG files of Set5 (or their folder's parent)")
    parser.add_argument("--set14", type=Path, metavar="DIR", help="PNG files of Set14")
    parser.add_argument("--minutes", type=_minutes, default=20.0, metavar="N", help="of training, each network")
    parser.add_argument("--only", default="", metavar="PATTERN", help=f"of {', '.join(learning.RECIPES)}")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="of torch on a CPU; 0: one per core")
    parser.add_argument("--output", type=Path, default=Path("quality"), metavar="DIR", help="folder for the results")
    return parser


def _minutes(text: str) -> float:
    value = float(text)
    if not 0 < value <= 10_000:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 10000")
    return value
