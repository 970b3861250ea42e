"""``python docs/make_pictures.py``: makes docs/pictures/*.svg from a recorded project that it writes as plain files.

The tests open the same project.
"""

from __future__ import annotations

import asyncio
import html
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from srtui.app.app import SrtuiApp
from srtui.app.machine import Machine
from srtui.app.screens.live import LiveScreen
from srtui.app.screens.wizard import WizardScreen
from srtui.config.project import Folder, Footage, Project, Restore, Training
from srtui.config.reader import to_plain
from srtui.files import write_json
from srtui.hardware.gauges import Gauges, GpuGauge
from srtui.jobs.folder import VERSION, JobFolder, create
from srtui.project.folder import OpenProject, save_project
from srtui.project.footage import SCANS
from srtui.project.steps import RULES, StepName
from srtui.project.tapes import VERSION as SCAN_VERSION
from srtui.project.tapes import identity, place_of

ITERATIONS = 300_000
DONE = 148_600
EVERY = 200
BICUBIC = 26.61
BEGUN = 1_772_000_000.0
SIZE = (100, 30)
PICTURES = Path(__file__).parent / "pictures"


def make_project(folder: Path) -> OpenProject:
    """Write a project whose dataset is prepared."""
    for name in ("photos", "tapes"):
        (folder / name).mkdir(parents=True)
    (folder / "tapes" / "holiday.avi").write_bytes(b"a tape")
    project = save_project(
        folder,
        Project(
            scale=2,
            sources=(Folder(folder="photos"),),
            footage=(Footage(video="tapes/holiday.avi"),),
            training=Training(profile="fast"),
            restore=(Restore(input="tapes/stills", output="restored/stills"),),
        ),
    )
    prepare = make_job(project, "prepare")
    events: list[tuple[str, dict[str, Any]]] = [
        ("phase", {"name": "preparing pictures"}),
        ("rejected", {"name": "beach (2).png", "reason": "not a picture: it begins like text"}),
        ("result", {"dataset": str(project.dataset), "train": 780, "val": 86, "rejected": 1}),
    ]
    write_events(prepare, BEGUN, events)
    project.dataset.mkdir(parents=True)
    (project.dataset / "dataset.yml").write_text("version: 1\n", encoding="utf-8")
    finish(prepare)
    return project


SCAN: dict[str, Any] = {
    "seconds": 3754.0,
    "frames": 93_850,
    "file": {
        "codec": "dvvideo", "container": "avi", "width": 720, "height": 576, "aspect": "16:15", "rate": "25/1",
    },
    "recorded": {"first": "1998-07-12T14:03:00", "last": "1998-08-02T09:55:00"},
    "interlacing": {
        "order": "bff", "proven": True, "scan": "interlaced", "evidence": {"bff": 71_204, "tff": 106},
        "claimed": "bff", "stretches_found": 1, "stretches": [],
    },
    "border": {"top": 0, "bottom": 0, "left": 8, "right": 12, "pictures": 900},
    "usable": 61_207,
    "smeared": 29_110,
    "empty": 0,
    "repeats": {"frames": 1_204, "longest": 75},
    "dropouts": {"frames": 61, "told_by": "the player", "worst": [{"frame": 61_675, "time": 2467.0, "blocks": 310}]},
    "scenes_found": 148,
    "scenes": [],
    "warnings": [],
}  # fmt: skip
"""What the scan of a tape could have found."""


def write_scan(project: OpenProject, tape: Path, **found: Any) -> None:
    """Write the scan of a tape as if it had been made."""
    place = place_of(tape, project.folder / SCANS)
    place.folder.mkdir(parents=True, exist_ok=True)
    scan = {"version": SCAN_VERSION, "tape": identity(tape), **SCAN, **found}
    place.scan.write_text(json.dumps(scan, ensure_ascii=False), encoding="utf-8")


def make_job(project: OpenProject, name: StepName) -> JobFolder:
    """Write the folder of a job of one of the project's steps."""
    request: dict[StepName, Callable[[], Any]] = {
        "prepare": project.prepare_request,
        "train": project.train_request,
        "validate": project.validate_request,
        "restore": lambda: project.restore_requests()[0],
    }
    job = create(project.jobs, name, to_plain(request[name]()), RULES[name].digest(project))
    job.log.write_text(f"{name}\n", encoding="utf-8")
    record = re.sub(r"created: .*", "created: '2026-02-25T06:13:20+00:00'", job.request.read_text(encoding="utf-8"))
    job.request.write_text(record, encoding="utf-8")
    return job


def write_events(job: JobFolder, begun: float, events: list[tuple[str, dict[str, Any]]], every: float = 1.0) -> None:
    """Append events, ``every`` seconds apart."""
    with job.events.open("a", encoding="utf-8") as file:
        for number, (kind, fields) in enumerate(events):
            line = {"v": VERSION, "t": round(begun + number * every, 3), "kind": kind, **fields}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def write_status(job: JobFolder, **values: Any) -> None:
    """Write status.json as of now."""
    empty = {"phase": "", "done": 0, "total": 0, "unit": "", "figures": {}, "quiet": 600.0, "eta": None}
    write_json(job.status, {"v": VERSION, "t": time.time(), **empty, **values})


def finish(job: JobFolder, outcome: str = "finished", code: int = 0, error: str = "") -> None:
    """Write how a job ended."""
    write_json(job.exit, {"v": VERSION, "outcome": outcome, "code": code, "signal": None, "error": error})


@contextmanager
def held(job: JobFolder) -> Iterator[int]:
    """Hold the job's lock in another process, as its worker would: the job counts as running. Gives the pid."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(job.lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdin is not None  # both are pipes
        assert worker.stdout is not None
        worker.stdout.readline()
        yield worker.pid
        worker.stdin.close()


_HOLD = """
import sys
from pathlib import Path
from srtui.jobs.lock import take
lock = take(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def training_events(first: int, last: int, seed: int = 1) -> list[tuple[str, dict[str, Any]]]:
    """Return what a training writes between two iterations: its loss falls, its PSNR rises above bicubic's."""
    draw = random.Random(seed)
    events: list[tuple[str, dict[str, Any]]] = []
    smoothed = None
    for iteration in range(first + EVERY, last + 1, EVERY):
        loss = (0.016 + 0.02 * math.exp(-iteration / 30_000) + 0.12 * math.exp(-iteration / 1_500)) * math.exp(
            draw.gauss(0, 0.12)
        )
        smoothed = loss if smoothed is None else 0.9 * smoothed + 0.1 * loss
        rate = 5e-4 * (1 + math.cos(math.pi * iteration / ITERATIONS)) / 2
        metric = {"iteration": iteration, "loss": round(loss, 6), "smoothed": round(smoothed, 6), "lr": rate}
        events.append(("metric", {**metric, "it_s": 41.3, "data_wait": 2.1, "memory_gib": 3.2, "skipped": 0}))
        if iteration % 5_000 == 0:
            psnr = BICUBIC + 1.62 - 2.4 * math.exp(-iteration / 9_000) + draw.gauss(0, 0.03)
            gain = psnr - BICUBIC
            events.append(("validation", {"iteration": iteration, "psnr_y": round(psnr, 3), "gain_y": round(gain, 3)}))
        if iteration % 20_000 == 0:
            events.append(("checkpoint", {"iteration": iteration}))
    return events


def make_training(project: OpenProject) -> JobFolder:
    """Write a training that is half done."""
    job = make_job(project, "train")
    events = [("phase", {"name": "training"}), *training_events(0, DONE)]
    write_events(job, BEGUN, events, every=4.84)
    write_training_status(job, DONE)
    return job


def write_training_status(job: JobFolder, done: int) -> None:
    """Write the status of a training that did ``done`` iterations."""
    figures = {"it/s": 41.3, "loss": 0.0173, "lr": 2.6e-4, "data wait %": 2.1}
    eta = (ITERATIONS - done) / 41.3
    write_status(job, phase="training", done=done, total=ITERATIONS, unit="iterations", figures=figures, eta=eta)


def make_machine() -> Machine:
    """Recorded look at a server with one GPU."""
    from srtui.hardware import advise
    from srtui.hardware.report import Cpu, DeviceCheck, Disk, Driver, Gpu, MachineReport, Memory, System, Torch
    from srtui.hardware.report import TorchCheck as Check

    name = "NVIDIA GeForce RTX 3060"
    report = MachineReport(
        gpus=(
            Gpu(
                index=0,
                name=name,
                uuid="GPU-0",
                capability=(8, 6),
                memory_total=12_884_901_888,
                memory_free=12_300_000_000,
                temperature=41,
                power_limit=170.0,
                power_default=170.0,
            ),
        ),
        driver=Driver(version="580.95.05", cuda="13.0", source="nvml"),
        torch=Torch(version="2.9.1+cu130", cuda="13.0", torchvision="0.24.1"),
        check=Check(ok=True, devices=(DeviceCheck(index=0, name=name, ok=True),), seconds=6.2),
        cpu=Cpu(
            model="AMD Ryzen 7 5700X 8-Core Processor",
            machine="x86_64",
            physical=8,
            logical=16,
            usable=16,
            extensions=("avx2", "fma"),
        ),
        memory=Memory(total=67_400_000_000, available=58_900_000_000),
        disk=Disk(
            path="/data/minidv",
            kind="ext4",
            network=False,
            total=1_000_000_000_000,
            free=412_000_000_000,
            writable=True,
            write_speed=1.4e9,
        ),
        system=System(
            name="Ubuntu 24.04 LTS",
            distribution="ubuntu",
            release="24.04",
            kernel="6.8.0",
            python="3.12.3",
            open_files=1024,
            open_files_most=1_048_576,
            shared_memory=33_000_000_000,
            ssh=True,
            encoding="UTF-8",
            term="xterm-256color",
        ),
    )
    return Machine(report=report, advice=advise.advise(report))


def recorded_gauges() -> Gauges:
    """Recorded load of the same server."""
    gpu = GpuGauge(
        index=0,
        name="NVIDIA GeForce RTX 3060",
        busy=0.97,
        memory_used=4_100_000_000,
        memory_total=12_884_901_888,
        temperature=64,
        power=158.0,
    )
    return Gauges(cpu_busy=0.31, cores=16, memory_used=9_600_000_000, memory_total=67_400_000_000, gpus=(gpu,))


def make_app(folder: Path) -> SrtuiApp:
    """Return the wizard over a folder, on the recorded machine."""
    app = SrtuiApp(folder, how_to_look=lambda _folder, tell: tell(make_machine()))
    app.gauges = recorded_gauges  # type: ignore[method-assign] # a recorded machine
    return app


def clean(svg: str) -> str:
    """Make a picture that looks the same everywhere: no fonts from elsewhere, every word at its own place."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code,", "'Fira Code','DejaVu Sans Mono',Menlo,Consolas,")
    return re.sub(
        r'<text class="([^"]+)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"([^>]*)>([^<]*)</text>', _words, svg
    )


def _words(found: re.Match[str]) -> str:
    kind, x, y, length, rest, escaped = found.groups()
    text = html.unescape(escaped)
    cell = float(length) / max(len(text), 1)
    words = [
        f'<text class="{kind}" x="{float(x) + word.start() * cell:.1f}" y="{y}" '
        f'textLength="{len(word[0]) * cell:.1f}"{rest}>{html.escape(word[0])}</text>'
        for word in re.finditer(r"[^\s\u00a0\u2800-\u28ff]+", text)
    ]
    dots = [
        _dots(ord(letter) - 0x2800, float(x) + index * cell, float(y))
        for index, letter in enumerate(text)
        if "\u2800" < letter <= "\u28ff"
    ]
    return "".join(words) + (f'<path class="{kind}" d="{"".join(dots)}"/>' if dots else "")


def _dots(bits: int, x: float, y: float) -> str:
    """Draw one braille cell as squares: fonts disagree about its width, and many lack it."""
    places = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
    return "".join(
        f"M{x + 1.8 + 6.1 * across:.1f} {y - 14.2 + 6.1 * down:.1f}h2.6v2.6h-2.6z"
        for bit, (across, down) in enumerate(places)
        if bits >> bit & 1
    )


async def main() -> None:
    """Make all pictures."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        os.environ["HOME"] = os.environ["XDG_STATE_HOME"] = place
        project = make_project(Path(place) / "minidv")
        tape = project.path("tapes/holiday.avi")
        os.truncate(tape, 13_600_000_000)  # takes no room
        write_scan(project, tape)
        os.chdir(project.folder)
        await take_pages(project)
        await take_training(project)
        os.chdir(PICTURES)


async def take_pages(project: OpenProject) -> None:
    """Pages of the wizard before the training."""
    app = make_app(project.folder)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot, lambda: isinstance(app.screen, WizardScreen) and app.screen.selected == "train")
        for key, name in (("3", "degradation"), ("5", "profile"), ("t", "tapes")):
            await pilot.press(key)
            await settled(pilot, partial(_shows, app, name))
            save(f"wizard-{name}", app)


def _shows(app: SrtuiApp, name: str) -> bool:
    """Whether the page of this name is open."""
    return getattr(app.screen, "selected", "tapes") == name


async def take_training(project: OpenProject) -> None:
    """The training, in the wizard and on the live page."""
    training = make_training(project)
    app = make_app(project.folder)
    with held(training):
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot, lambda: isinstance(app.screen, WizardScreen) and app.screen.selected == "train")
            save("wizard", app)
            await pilot.press("enter")
            await settled(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.moment is not None)
            save("live", app)


async def settled(pilot: Any, ready: Callable[[], bool]) -> None:
    """Wait until the screen shows what is meant."""
    deadline = time.monotonic() + 20
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError("the screen did not come")
        await pilot.pause(0.05)
    await pilot.pause(0.3)


def save(name: str, app: SrtuiApp) -> None:
    """Write one picture."""
    path = PICTURES / f"{name}.svg"
    path.write_text(clean(app.export_screenshot(title="srtui", simplify=True)), encoding="utf-8")
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    asyncio.run(main())
