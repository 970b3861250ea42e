"""Commands that work on a project: demo, prepare, dataset, train, validate, restore, run."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srtui.cli import options, sharding
from srtui.cli.dataset import dataset
from srtui.cli.following import launch_and_follow
from srtui.cli.launching import launch_job, new_job
from srtui.cli.needing import need
from srtui.errors import MachineError, UsageError
from srtui.jobs.folder import JobFolder, all_jobs, ask_otherwise, find_job, jobs_root, newest_job, read_record
from srtui.jobs.launch import rests
from srtui.jobs.status import read_status
from srtui.jobs.wording import again

if TYPE_CHECKING:
    from srtui.config.requests import TrainRequest
    from srtui.project.folder import OpenProject


@click.command()
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("srtui-demo"), show_default=True
)
@click.option(
    "--photos", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Train on these pictures."
)
@click.option(
    "--val-photos", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Judge on these pictures."
)
@click.option("--fresh", is_flag=True, help="Start over instead of going on.")
@options.threads
@options.device
@options.as_json
def demo(
    output: Path, photos: Path | None, val_photos: Path | None, fresh: bool, threads: int, device: str, as_json: bool
) -> int:
    """Do the whole job on generated pictures, in minutes: prepare, train, compare with bicubic.

    Passes (exit code 0) when the trained network is at least 0.2 dB better than bicubic (Y-PSNR), else 5.
    """
    from srtui.config.requests import RunRequest
    from srtui.project.demo import ESTIMATE, make_demo

    if (photos is None) != (val_photos is None):
        raise UsageError("demo", "--photos and --val-photos belong together", hint="give both, or neither")
    project = make_demo(output, photos, val_photos, fresh=fresh)
    click.echo(f"{project.folder}: {ESTIMATE}; Ctrl-C stops, the same command goes on", err=True)
    request = RunRequest(
        project=str(project.folder), steps=("prepare", "train", "validate"), threads=threads, device=device
    )
    code = launch_and_follow(_living_run(project) or new_job(project.jobs, "run", request))
    if code in {0, 5} and (project.comparison / "report.json").is_file():
        _report(project.comparison, as_json=as_json)
    return code


def _report(comparison: Path, *, as_json: bool) -> None:
    from srtui.cli.report import report_lines

    text = (comparison / "report.json").read_text(encoding="utf-8")
    if as_json:
        click.echo(text.rstrip())
        return
    for line in report_lines(json.loads(text)):
        click.echo(line)
    click.echo(f"side by side: {comparison}")


@click.command()
@click.argument("sources", nargs=-1, type=click.Path(exists=True, path_type=Path))
@options.project
@click.option("--validation", type=click.Path(exists=True, path_type=Path), help="Clean pictures to validate on.")
@click.option("--scale", type=click.Choice(["1", "2", "3", "4"]), help="How many times larger the result will be.")
@click.option("--degradation", help="A shipped name (srtui profiles) or the path of a file.")
@click.option(
    "--live/--fixed", "live", default=None, help="Spoil crops anew in training, or each picture once (the default)."
)
@click.option("--insist", is_flag=True, help="Take interlaced, blocky, soft and flat pictures of SOURCES too.")
@options.threads
@click.option("--strict", is_flag=True, help="A rejected picture is a failure (exit code 3).")
@click.option("--fresh", is_flag=True, help="Make the dataset anew.")
@sharding.machines
@options.detach
@options.as_json
def prepare(
    sources: tuple[Path, ...],
    project: Path | None,
    validation: Path | None,
    scale: str | None,
    degradation: str | None,
    live: bool | None,
    insist: bool,
    threads: int,
    strict: bool,
    fresh: bool,
    shard: str | None,
    scheduler: str | None,
    shards: int | None,
    detach: bool,
    as_json: bool,
) -> int:
    """Make the dataset: clean pictures, and what the camera would have made of them.

    SOURCES are folders of clean pictures, LMDBs of BasicSR, or clean progressive videos; what is given here is kept in
    project.yml. Interlaced, blocky, soft or flat pictures and copies are refused by name in rejected.csv.
    """
    from srtui.config.reader import changed, to_plain
    from srtui.project.folder import FILE, OpenProject, open_project, save_project
    from srtui.project.sources import profile_name, with_sources

    folder = (project or Path.cwd()).resolve()
    if sources or validation or scale or degradation or live is not None:
        old = open_project(folder).settings if (folder / FILE).is_file() else None
        settings = with_sources(old, folder, sources, validation, insist=insist)
        mode = None if live is None else "live" if live else "fixed"
        how = to_plain(changed(settings.prepare, degradation_mode=mode))
        spoiled = degradation and profile_name(degradation, "degradation", folder)
        settings = changed(settings, scale=scale and int(scale), degradation=spoiled, prepare=how)
        OpenProject(folder, settings).prepare_request()  # what does not fit is not kept
        save_project(folder, settings)
    opened = open_project(folder)
    request = opened.prepare_request(threads=threads, strict=strict, fresh=fresh)
    request = sharding.dealt(request, shard, scheduler, shards)
    job = new_job(opened.jobs, "prepare", request, opened.prepare_digest())
    return launch_job(job, detach=detach, as_json=as_json)


@click.command()
@options.project
@click.option("--profile", help="A shipped name (srtui profiles) or the path of a file; kept in project.yml.")
@click.option("--iterations", type=click.IntRange(1), help="Updates in all; kept in project.yml.")
@click.option(
    "--start",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A network file to begin from; kept in project.yml.",
)
@click.option(
    "--resume", is_flag=False, flag_value="", metavar="[JOB]", help="Go on with a training: the newest unfinished one."
)
@options.device
@options.gpus
@options.threads
@click.option("--auto-batch", is_flag=True, help="Find the most crops that fit at once; the batch stays as it is.")
@click.option("--wait", is_flag=True, help="Wait for a busy GPU.")
@options.foreground
@click.option("--defer", is_flag=True, help="Only make the job, and print its folder for torchrun or Slurm to start.")
@options.as_json
def train(
    project: Path | None,
    profile: str | None,
    iterations: int | None,
    start: Path | None,
    resume: str | None,
    device: str,
    gpus: str | None,
    threads: int,
    auto_batch: bool,
    wait: bool,
    foreground: bool,
    defer: bool,
    as_json: bool,
) -> int:
    """Train the network; it goes on by itself when the connection drops.

    On several machines, or under Slurm: docs/many-gpus.md.
    """
    from srtui.config.reader import changed, to_plain
    from srtui.project.folder import OpenProject, open_project, save_project
    from srtui.project.sources import profile_name, written

    gpus = options.checked_gpus(gpus, device)
    opened = open_project(project)
    if resume is not None:
        if useless := options.given("profile", "iterations", "start", "device", "threads", "auto_batch", "wait"):
            fact = f"goes on with what the training was given: {', '.join(useless)} would change nothing"
            raise UsageError("--resume", fact, hint="leave it out, or begin another training without --resume")
        job = _unfinished_training(opened, resume or None)
        _move_to(job, gpus)
    else:
        begun = start and written(start, opened.folder)
        taken = profile and profile_name(profile, "training", opened.folder)
        training = changed(opened.settings.training, profile=taken, iterations=iterations, start=begun)
        settings = changed(opened.settings, training=to_plain(training))
        opened = OpenProject(opened.folder, settings)
        need(opened, "prepare")
        request = opened.train_request(device=device, threads=threads, wait=wait, gpus=gpus or "")
        _assert_alone(opened, request)
        save_project(opened.folder, settings)  # what does not fit is not kept
        job = new_job(opened.jobs, "train", replace(request, auto_batch=auto_batch), opened.train_digest())
        _say_estimate(request)
    if defer:
        click.echo(job.path)
        return 0
    return launch_job(job, detach=not foreground, as_json=as_json)


def _assert_alone(project: OpenProject, request: TrainRequest) -> None:
    """Two trainings of one network would each replace what the other has made."""
    for job in all_jobs(project.jobs):
        if job.kind == "train" and not rests(job) and read_record(job).request.get("model") == request.model:
            raise UsageError(job.id, "trains this network already", where=request.model, hint=again("attach", job))


def _say_estimate(request: TrainRequest) -> None:
    """How long it will take, if that was measured here before (srtui estimate)."""
    from srtui.project.estimates import part_of, recall_all, sentence

    with suppress(MachineError):  # a GPU that is not there: the job says so
        profile, device, ranks = part_of(request.profile, request.device, request.gpus)
        known = recall_all(profile, request.scale, device, request.threads)
        if known is not None:
            click.echo(sentence(profile, known, ranks), err=True)


def _move_to(job: JobFolder, gpus: str | None) -> None:
    """Let a training that is resumed go on with other GPUs."""
    if gpus is None:
        return
    if not rests(job):
        raise _runs_already(job)
    ask_otherwise(job, gpus=gpus)


def _runs_already(job: JobFolder) -> UsageError:
    fact = "runs already: its GPUs cannot be changed now"
    return UsageError(job.id, fact, hint=f"{again('stop', job)} first")


def _unfinished_training(project: OpenProject, reference: str | None) -> JobFolder:
    if reference is not None:
        return find_job(project.jobs, reference, "train")
    job = newest_job(project.jobs, "train")
    if read_status(job).state == "finished":
        raise UsageError(job.id, "finished already", hint="srtui train starts another")
    return job


@click.command()
@options.project
@click.option("--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another network file.")
@options.device
@options.threads
@options.as_json
def validate(project: Path | None, model: Path | None, device: str, threads: int, as_json: bool) -> int:
    """Compare the network with bicubic on the validation pictures, scenario by scenario."""
    from srtui.project.folder import open_project
    from srtui.project.network_file import check_network_file

    opened = open_project(project)
    need(opened, "prepare")
    if model is None:
        need(opened, "train")
    else:
        check_network_file(model)
    request = opened.validate_request(model=model and model.resolve(), device=device, threads=threads)
    job = new_job(opened.jobs, "validate", request, "" if model else opened.validate_digest())
    code = launch_and_follow(job)
    if code in {0, 5}:
        _report(Path(request.output), as_json=as_json)
    return code


@click.command()
@click.argument("source", metavar="INPUT", type=click.Path(exists=True, path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@options.project
@click.option("--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A network file.")
@click.option("--tile", type=click.IntRange(0), default=0, help="Side of a tile in pixels of the input; 0: automatic.")
@click.option("--overwrite", is_flag=True, help="Replace results that exist.")
@options.device
@options.threads
@options.detach
@options.as_json
def restore(
    source: Path,
    output: Path,
    project: Path | None,
    model: Path | None,
    tile: int,
    overwrite: bool,
    device: str,
    threads: int,
    detach: bool,
    as_json: bool,
) -> int:
    """Apply the trained network to a picture or a folder of pictures."""
    from srtui.config.requests import RestoreRequest
    from srtui.project.folder import open_project
    from srtui.project.network_file import check_network_file

    opened = None
    if model is None:
        opened = open_project(project)
        need(opened, "train")
        network = opened.model
    else:
        check_network_file(model)
        network = model
    request = RestoreRequest(
        model=str(network.resolve()),
        input=str(source.resolve()),
        output=str(output.resolve()),
        tile=tile,
        device=device,
        threads=threads,
        overwrite=overwrite,
    )
    job = new_job(opened.jobs if opened else jobs_root(None), "restore", request)
    return launch_job(job, detach=detach, as_json=as_json)


@click.command(name="run")
@options.project
@options.device
@options.gpus
@options.threads
@options.foreground
@options.as_json
def run_project(
    project: Path | None, device: str, gpus: str | None, threads: int, foreground: bool, as_json: bool
) -> int:
    """Do every step of project.yml that is not done yet, unattended."""
    from srtui.config.requests import RunRequest
    from srtui.project.folder import open_project

    opened = open_project(project)
    gpus = options.checked_gpus(gpus, device)
    job = _living_run(opened)
    if job is None:
        request = RunRequest(project=str(opened.folder), device=device, gpus=gpus or "", threads=threads)
        job = new_job(opened.jobs, "run", request)
    elif gpus:
        raise _runs_already(job)
    return launch_job(job, detach=not foreground, as_json=as_json)


def _living_run(project: OpenProject) -> JobFolder | None:
    """The project's `run` that is under way, if there is one: it is joined, not doubled."""
    from srtui.project.steps import newest_jobs

    newest = newest_jobs(project).get("run")
    return newest[0] if newest and not newest[1].ended else None


COMMANDS: tuple[click.Command, ...] = (demo, prepare, dataset, train, validate, restore, run_project)
