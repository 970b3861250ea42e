"""Commands that look at a prepared dataset and turn it into other forms: dataset info, verify, export."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from srtui.cli import options
from srtui.cli.launching import launch_job, new_job
from srtui.errors import UsageError
from srtui.jobs.folder import jobs_root

if TYPE_CHECKING:
    from srtui.project.contents import Contents, Split

_path = click.argument("path", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))


@click.group()
def dataset() -> None:
    """Look at a prepared dataset, check it, and write it in other forms."""


@dataset.command()
@_path
@options.project
@options.as_json
def info(path: Path | None, project: Path | None, as_json: bool) -> None:
    """Say what is in it: pictures, sizes, scenarios, disk, digest, and what was rejected and why."""
    from srtui.project.contents import read_contents

    found = read_contents(_target(path, project)[0])
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2))
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: Contents) -> list[str]:
    shards = f", in {found.shards} shards" if found.shards > 1 else ""
    lines = [
        f"dataset      {found.folder}",
        f"scale        {found.scale}",
        f"degradation  {found.degradation}",
        *(line for name, split in found.splits.items() for line in _split_lines(name, split)),
        *(f"source       {count} from {name}" for name, count in found.sources.items()),
        f"rejected     {found.rejected}",
        *(f"  {count:>9}  {reason}" for reason, count in found.reasons.items()),
        f"disk         {found.disk / 1e9:.3f} GB{shards}",
        f"content      {found.content}",
    ]
    if found.rejected:
        lines.append(f"what was rejected is named in {Path(found.folder) / 'rejected.csv'}")
    return lines


def _split_lines(name: str, split: Split) -> list[str]:
    if not split.pictures:
        return [f"{name:<12} none"]
    ends = {"smallest": split.smallest, "median": split.median, "largest": split.largest}
    sizes = ", ".join(f"{what} {width}×{height}" for what, (width, height) in ends.items())
    shares = (f"  {count:>9}  {each} ({100 * count / split.pictures:.1f} %)" for each, count in split.scenarios.items())
    return [f"{name:<12} {split.pictures} pictures, {split.megapixels:g} megapixels: {sizes}", *shares]


@dataset.command()
@_path
@options.project
@options.threads
@options.detach
@options.as_json
def verify(path: Path | None, project: Path | None, threads: int, detach: bool, as_json: bool) -> int:
    """Read everything and compare it with its sums (exit code 5 if something differs, each picture named)."""
    from srtui.config.requests import VerifyRequest

    target, root = _target(path, project)
    job = new_job(root, "verify", VerifyRequest(dataset=str(target), threads=threads))
    return launch_job(job, detach=detach, as_json=as_json)


@dataset.command()
@click.argument("output", type=click.Path(path_type=Path))
@_path
@options.project
@click.option(
    "--as",
    "form",
    type=click.Choice(["subimages", "lmdb", "folders"]),
    default="subimages",
    show_default=True,
    help="Overlapping tiles (PNG), BasicSR's LMDB of such tiles, or whole pictures (PNG).",
)
@click.option("--size", type=click.IntRange(1), default=480, show_default=True, help="Side of a tile, in gt pixels.")
@click.option("--step", type=click.IntRange(1), default=240, show_default=True, help="Pixels from tile to tile.")
@click.option(
    "--threshold",
    type=click.IntRange(0),
    default=48,
    show_default=True,
    help="Pixels that may be lost at the border before one more tile is cut.",
)
@click.option("--whole", is_flag=True, help="For lmdb: whole pictures instead of tiles.")
@click.option("--level", type=click.IntRange(0, 9), default=3, show_default=True, help="PNG compression.")
@click.option(
    "--names",
    type=click.Choice(["files", "numbers"]),
    default="files",
    show_default=True,
    help="Call pictures after their files, or by their numbers in the dataset.",
)
@options.threads
@options.detach
@options.as_json
def export(
    output: Path,
    path: Path | None,
    project: Path | None,
    form: Literal["subimages", "lmdb", "folders"],
    size: int,
    step: int,
    threshold: int,
    whole: bool,
    level: int,
    names: Literal["files", "numbers"],
    threads: int,
    detach: bool,
    as_json: bool,
) -> int:
    """Write OUTPUT in a form that other programs read: train/gt beside train/lq, val/gt beside val/lq.

    The pictures to train on become tiles by BasicSR's rule (0001_s001.png, …), those to validate on stay whole.
    Interrupted, the same command goes on.
    """
    from srtui.config.requests import ExportRequest

    if whole and form == "subimages":
        raise UsageError("--whole", "sub-images are tiles", hint="use --as folders")
    target, root = _target(path, project)
    request = ExportRequest(
        dataset=str(target),
        output=str(output.resolve()),
        form=form,
        size=0 if whole or form == "folders" else size,
        step=step,
        threshold=threshold,
        level=level,
        names=names,
        threads=threads,
    )
    return launch_job(new_job(root, "export", request), detach=detach, as_json=as_json)


@dataset.command(name="join")
@options.project
@options.threads
@options.as_json
def join_shards(project: Path | None, threads: int, as_json: bool) -> int:
    """Make one dataset of shards that machines have made (srtui prepare --shard K/N).

    The machine that finishes the last shard does so by itself; this says what is missing, or does it again.
    """
    from srtui.cli.sharding import joined
    from srtui.project.folder import open_project

    opened = open_project(project)
    request = joined(opened.prepare_request(threads=threads))
    job = new_job(opened.jobs, "prepare", request, opened.prepare_digest())
    return launch_job(job, detach=False, as_json=as_json)


def _target(path: Path | None, project: Path | None) -> tuple[Path, Path]:
    """Folder of the dataset that is meant, and where jobs about it are kept."""
    from srtui.project.folder import open_project

    if path is not None:
        return path.resolve(), jobs_root(None)
    opened = open_project(project)
    return opened.dataset, opened.jobs
