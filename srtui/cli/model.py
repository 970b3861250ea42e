"""Commands about network files: import-model, export, blend, model info, model recipe."""

from __future__ import annotations

import importlib.util
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srtui.cli import model_report, options
from srtui.cli.launching import launch_job, new_job, print_result
from srtui.errors import MachineError, UsageError
from srtui.jobs.folder import jobs_root

if TYPE_CHECKING:
    from srtui.config.requests import ModelForm, Request
    from srtui.project.cards import ModelCard

_FORMS = ("safetensors", "pth", "pth-2020", "pth-old-esrgan", "onnx")
_ENDINGS = {"safetensors": ".safetensors", "pth": ".pth", "onnx": ".onnx"}

_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_output = click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
_overwrite = click.option("--overwrite", is_flag=True, help="Replace what exists.")


@click.command(name="import-model")
@_file
@_output
@_overwrite
@options.as_json
def import_model(file: Path, output: Path | None, overwrite: bool, as_json: bool) -> int:
    """Turn a network that another program trained into srtui's own form (.safetensors), and say what it is.

    Read are BasicSR and Real-ESRGAN (1.4 and 2019-2020), the first ESRGAN, chaiNNer and spandrel. Nothing in a file is
    ever run. Written beside FILE, unless -o says where.
    """
    return _convert(file, output or file.with_suffix(".safetensors"), "safetensors", False, overwrite, as_json)


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--as",
    "form",
    required=True,
    type=click.Choice(_FORMS),
    help="safetensors: srtui's own; pth: BasicSR 1.4, Real-ESRGAN, chaiNNer; pth-2020: BasicSR of 2019 and 2020; "
    "pth-old-esrgan: the first ESRGAN; onnx: every runtime, checked against torch.",
)
@click.option("--fp16", is_flag=True, help="Half precision: half the size.")
@_output
@_overwrite
@options.project
@options.as_json
def export(
    file: Path | None,
    form: ModelForm,
    fp16: bool,
    output: Path | None,
    overwrite: bool,
    project: Path | None,
    as_json: bool,
) -> int:
    """Write a network in the form that another program reads.

    FILE is any network that srtui reads; without it, the project's own. Written beside it, unless -o says where.
    """
    _need_onnx(form)
    network = file or _of_project(project)
    return _convert(network, output or _beside(network, form, fp16), form, fp16, overwrite, as_json)


def _need_onnx(form: str) -> None:
    """Say at once what the job would say after seconds."""
    missing = [name for name in ("onnx", "onnxruntime") if form == "onnx" and importlib.util.find_spec(name) is None]
    if missing:
        raise MachineError("--as onnx", f"{missing[0]} is not installed", hint="pip install 'srtui[onnx]'")


def _of_project(project: Path | None) -> Path:
    from srtui.project.folder import open_project

    opened = open_project(project)
    if not opened.model.is_file():
        hint = f"give FILE, or srtui train -p {shlex.quote(str(opened.folder))}"
        raise UsageError(str(opened.model), "not trained yet", hint=hint)
    return opened.model


def _beside(network: Path, form: str, fp16: bool) -> Path:
    family, _, dialect = form.partition("-")
    words = [network.stem, *([dialect] if dialect else []), *(["fp16"] if fp16 else [])]
    return network.with_name("-".join(words) + _ENDINGS[family])


def _convert(file: Path, output: Path, form: ModelForm, fp16: bool, overwrite: bool, as_json: bool) -> int:
    from srtui.config.requests import ConvertRequest
    from srtui.project.network_file import check_network_file

    check_network_file(file)
    _assert_free(output, overwrite)
    request = ConvertRequest(
        model=str(file.resolve()), output=str(output.resolve()), form=form, half=fp16, overwrite=overwrite
    )
    return _launch("convert", request, as_json)


def _assert_free(output: Path, overwrite: bool) -> None:
    if output.exists() and not overwrite:
        raise UsageError(str(output), "exists already", hint="--overwrite replaces it, -o FILE takes another name")


def _launch(kind: str, request: Request, as_json: bool) -> int:
    return launch_job(new_job(jobs_root(None), kind, request), as_json=as_json, tell=model_report.lines)


# A share below zero looks like an option.
@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("first", metavar="A", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("second", metavar="B", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("share", type=click.FloatRange(-0.5, 1.5))
@_output
@_overwrite
@options.as_json
def blend(first: Path, second: Path, share: float, output: Path | None, overwrite: bool, as_json: bool) -> int:
    """Make the network between two: (1 - SHARE) of A and SHARE of B.

    Both must be of one architecture and scale. A soft network (PSNR) and a sharp one (GAN) of the same recipe give
    everything between; outside of 0 to 1 the result goes on beyond one of them. Written beside A.
    """
    from srtui.config.requests import BlendRequest
    from srtui.project.network_file import check_network_file

    for each in (first, second):
        check_network_file(each)
    target = output or first.with_name(f"{first.stem}-{second.stem}-{share:g}.safetensors")
    _assert_free(target, overwrite)
    request = BlendRequest(
        first=str(first.resolve()),
        second=str(second.resolve()),
        share=share,
        output=str(target.resolve()),
        overwrite=overwrite,
    )
    return _launch("blend", request, as_json)


@click.group()
def model() -> None:
    """Look into a network file: what it is, and how it was trained."""


@model.command()
@_file
@options.as_json
def info(file: Path, as_json: bool) -> int:
    """Say what a network file holds: architecture, scale, parameters, and the whole recipe if srtui trained it."""
    from srtui.config.requests import InspectRequest
    from srtui.project.model_facts import own_facts
    from srtui.project.network_file import check_network_file

    check_network_file(file)
    if facts := own_facts(file):
        print_result(facts.plain(), as_json=as_json, tell=model_report.lines)
        return 0
    return _launch("inspect", InspectRequest(model=str(file.resolve())), as_json)


@model.command()
@_file
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The profile to write (.yml).")
@click.option(
    "--project",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a whole project into this folder: project.yml, profile.yml, degradation.yml.",
)
@click.option("--parent", type=click.IntRange(1, 2), help="Of a blend: the recipe of its first or second parent.")
@_overwrite
@options.as_json
def recipe(
    file: Path, output: Path | None, folder: Path | None, parent: int | None, overwrite: bool, as_json: bool
) -> None:
    """Give the recipe of a network, to train it again: its profile, or its project.

    Without -o and --project the profile is printed. `srtui run -p FOLDER` trains what --project wrote.
    """
    from srtui.config.reader import to_plain
    from srtui.files import write_whole
    from srtui.project.retraining import profile_of, profile_text, recipe_of

    card = _card(file, parent)
    request = recipe_of(card, file)
    assert card is not None  # it has a recipe
    if output is not None and folder is not None:
        raise UsageError("model recipe", "-o and --project exclude each other", hint="a project holds its profile")
    if folder is not None:
        _write_project(file, card, folder, overwrite=overwrite, as_json=as_json)
    elif output is not None:
        _assert_free(output, overwrite)
        output.parent.mkdir(parents=True, exist_ok=True)
        write_whole(output, profile_text(card, request))
        print_result({"profile": str(output)}, as_json=as_json)
    elif as_json:
        click.echo(json.dumps(to_plain(profile_of(request)), ensure_ascii=False))
    else:
        click.echo(profile_text(card, request).rstrip())


def _card(file: Path, parent: int | None) -> ModelCard | None:
    from srtui.project.model_facts import own_card

    card = own_card(file)
    if parent is None:
        return card
    if card is None or not card.parents:
        raise UsageError(str(file), "is no blend", hint="leave --parent out")
    return card.parents[parent - 1].card


def _write_project(file: Path, card: ModelCard, folder: Path, *, overwrite: bool, as_json: bool) -> None:
    from srtui.project.retraining import recipe_of, remarks, write_project

    request = recipe_of(card, file)
    opened = write_project(request, file, folder, overwrite=overwrite)
    told = remarks(opened, request, card)
    for remark in told:
        click.echo(f"! {remark}", err=True)
    made = {"project": str(opened.file), "digest": opened.train_digest(), "remarks": told}
    print_result(made, as_json=as_json, tell=lambda _: [f"project: {opened.file}"])


COMMANDS: tuple[click.Command, ...] = (import_model, export, blend, model)
