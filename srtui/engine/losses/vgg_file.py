"""Where VGG19's weights come from: a file that a profile names, torch's cache, or one download before a run begins."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shlex
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from srtui.engine.torch_files import read_torch_file
from srtui.errors import MachineError, SrtuiError, UsageError
from srtui.files import whole_file

Report = Callable[[int, int], None]
"""(bytes that have come, bytes in all or 0 if unknown); called every 0.2 s too while another process downloads."""

LARGEST = 1 << 30
"""Bytes that a download may have: the file has 575 MB."""
_PIECE = 1 << 20
_PATIENCE = 30.0
"""Seconds without an answer after which a server is given up."""
_HASH = re.compile(r"-([0-9a-f]{8,64})\.\w+$")
"""Beginning of the SHA-256 in a file's name, as torch.hub writes it."""


def url() -> str:
    """Where torchvision keeps VGG19 trained on ImageNet."""
    from torchvision.models import VGG19_Weights  # takes 0.7 s, and few profiles want it

    found: str = VGG19_Weights.IMAGENET1K_V1.url
    return found


def cached() -> Path:
    """The file's place in torch's cache (``$TORCH_HOME``, else ``~/.cache/torch``), there or not."""
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url()).path).name


def fetch(report: Report) -> None:
    """Download the weights into torch's cache, unless they are there.

    Raises
    ------
    MachineError
        If they can be neither found nor downloaded.
    """
    path = cached()
    if path.is_file():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path, report):
            if not path.is_file():
                _download(path, report)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise _absent(path, f"not there, and downloading it failed: {reason}") from None


@contextmanager
def _alone(path: Path, report: Report) -> Iterator[None]:
    """Wait while another process (the ranks of one training begin together) downloads the same file."""
    with path.with_name(f"{path.name}.lock").open("a") as file:
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                report(0, 0)
                time.sleep(0.2)
        yield


def _download(path: Path, report: Report) -> None:
    request = urllib.request.Request(url())  # noqa: S310 - torchvision's own constant, https
    with closing(urllib.request.urlopen(request, timeout=_PATIENCE)) as answer, whole_file(path) as part:  # noqa: S310 - see above
        _receive(answer, part, path.name, report)


def _receive(answer: HTTPResponse, part: Path, name: str, report: Report) -> None:
    length = answer.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else 0
    digest, done = hashlib.sha256(), 0
    with part.open("wb") as file:
        while piece := answer.read(_PIECE):
            file.write(piece)
            digest.update(piece)
            done += len(piece)
            if done > LARGEST:
                raise OSError(f"more than {LARGEST >> 20} MiB came")
            report(done, total)
    if total and done < total:
        raise OSError(f"the connection ended after {done} of {total} bytes")
    _compare(digest.hexdigest(), name, part)


def find(named: str) -> Path:
    """Give the file that a profile names, else the cached one; nothing is downloaded.

    Raises
    ------
    UsageError
        If the named file is not there.
    MachineError
        If none is named and none is cached.
    """
    if not named:
        path = cached()
        if path.is_file():
            return path
        raise _absent(path, "not there")
    path = Path(named).expanduser()
    if not path.is_file():
        raise UsageError(str(path), "no such file", where="losses.perceptual.weights", hint="check the path")
    return path


def read(path: Path) -> Mapping[str, Tensor]:
    """Read a state dict of VGG19, or of its features alone; a hash in the file's name must be the content's.

    Raises
    ------
    SrtuiError
        If the file is damaged.
    UsageError
        If loading it would run code, or it holds no state dict.
    """
    if found := _HASH.search(path.name):
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while piece := file.read(_PIECE):
                digest.update(piece)
        _compare(digest.hexdigest(), found.string, path)
    if path.suffix != ".safetensors":
        state: Any = read_torch_file(path)
    else:
        try:
            state = load_file(path)
        except (SafetensorError, OSError) as error:
            raise SrtuiError(str(path), f"damaged: {error}", hint="copy or download it again") from None
    if not isinstance(state, Mapping) or not all(isinstance(each, Tensor) for each in state.values()):
        raise UsageError(str(path), "holds no state dict of tensors", hint=f"torchvision's file is {cached().name}")
    return state


def _compare(digest: str, name: str, path: Path) -> None:
    found = _HASH.search(name)
    if found and not digest.startswith(found[1]):
        fact = f"its SHA-256 begins with {digest[: len(found[1])]}, its name says {found[1]}"
        raise SrtuiError(str(path), fact, hint="it is damaged: remove it and download it again")


def _absent(path: Path, fact: str) -> MachineError:
    hint = (
        "any machine with a network can get it: "
        f"curl --fail --location --create-dirs --output {shlex.quote(str(path))} {url()}; "
        "a file elsewhere is named in the profile: losses: {perceptual: {weights: FILE}}"
    )
    return MachineError(f"VGG19's weights for the perceptual loss ({path.name})", fact, where=path, hint=hint)
