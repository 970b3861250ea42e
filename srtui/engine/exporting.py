"""``srtui export`` and ``srtui import-model``: a network file in another form."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from srtui.config.network import Spandrel
from srtui.config.reader import to_plain
from srtui.config.requests import ConvertRequest
from srtui.engine import onnx_files
from srtui.engine.checkpoint_dialects import recognise, unwrap
from srtui.engine.device import use_threads
from srtui.engine.foreign_names import Dialect, renamed
from srtui.engine.models import LoadedModel, cast, load_model, save_model
from srtui.errors import SrtuiError, UsageError
from srtui.files import remove_unfinished, write_whole
from srtui.jobs.context import JobContext

LARGEST_HALF = 65504.0
"""The largest number of half precision (IEEE 754 binary16)."""


def run(job: JobContext, request: ConvertRequest) -> None:
    """Read the network, write it in the form that is asked for, and say what it is.

    Raises
    ------
    UsageError
        If the output exists, or the form has no such network.
    CheckFailedError
        If an ONNX file gives another picture than the network.
    MachineError
        If ONNX is not installed.
    """
    output = Path(request.output)
    assert_free(job, output, overwrite=request.overwrite)
    use_threads(request.threads)
    job.phase("reading", quiet=600)
    model = load_model(Path(request.model))
    job.check()
    output.parent.mkdir(parents=True, exist_ok=True)
    remove_unfinished([output])
    found = _write(job, model, output, request)
    job.result(
        state="converted",
        output=str(output),
        form=request.form,
        network=model.description,
        scale=model.scale,
        overlap=model.overlap,
        weights=model.weights,
        numbers="float16" if request.half else "float32",
        size=output.stat().st_size,
        **found,
    )


def assert_free(job: JobContext, output: Path, *, overwrite: bool) -> None:
    """Refuse a file that exists, unless it may be replaced, or this job has begun before: then it may be its own."""
    if output.exists() and not (overwrite or job.resumed):
        raise UsageError(str(output), "exists already", hint="--overwrite replaces it, -o FILE takes another name")


def _write(job: JobContext, model: LoadedModel, output: Path, request: ConvertRequest) -> dict[str, Any]:
    """Write the file; gives what is to be told of it."""
    if request.form == "onnx":
        return onnx_files.write_onnx(output, model, half=request.half, phase=job.phase)
    job.phase("writing", quiet=600)
    dtype = torch.float16 if request.half else torch.float32
    weights = narrowed(model.net.state_dict(), dtype)
    if request.form == "safetensors":
        save_model(output, weights, model.card, dtype=dtype)
        return {}
    content = checkpoint(weights, model, request.form)
    _tell_what_is_lost(model, content, job.alarm)
    buffer = io.BytesIO()  # a file's own name would become part of its bytes
    torch.save(content, buffer)
    write_whole(output, buffer.getvalue())
    return {}


def narrowed(weights: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """`cast`, where every number fits.

    Raises
    ------
    SrtuiError
        If one is too large for it.
    """
    found = cast(weights, dtype)
    for name, value in found.items():
        if not torch.isfinite(value).all():
            fact = f"{name} reaches {weights[name].abs().max():.3g}; half precision ends at {LARGEST_HALF:.0f}"
            raise SrtuiError("--fp16", fact, hint="export it without --fp16")
    return found


def checkpoint(weights: Mapping[str, Tensor], model: LoadedModel, dialect: Dialect) -> dict[str, Any]:
    """
    What a .pth file holds.

    BasicSR 1.4 asks for ``params`` unless told otherwise, Real-ESRGAN prefers ``params_ema``: both are there, and name
    the same tensors, which torch writes once. The earlier programs read a bare state dict.

    Raises
    ------
    UsageError
        If the program of that dialect has no such network.
    """
    named = renamed(weights, model.card, dialect)
    return {"params": named, "params_ema": dict(named)} if dialect == "pth" else named


def _tell_what_is_lost(model: LoadedModel, content: Mapping[str, Any], tell: Callable[[str], None]) -> None:
    """Compare what the file would be taken for with what it is: names and shapes do not say everything."""
    if isinstance(model.card.network, Spandrel):
        return  # spandrel finds out what it can
    weights = unwrap(content, "the file")
    assert weights.keys() == model.net.state_dict().keys(), "renaming is undone by reading"
    taken = recognise(weights, "the file")
    is_, looks = to_plain(model.card.network), to_plain(taken.network)
    for name, value in is_.items():
        if looks.get(name) != value:
            tell(f"a checkpoint cannot say {name}: it is {value}, but who reads the file will take {looks.get(name)}")
