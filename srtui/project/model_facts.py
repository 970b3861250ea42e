"""
What is in a network file: numbers, parameters, digest, card.

Of our own files everything stands in the header and the bytes after it, so that no torch is needed to tell. Others'
are opened by the engine (`srtui.engine.inspecting`), which tells the same.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from srtui.errors import SrtuiError, UsageError
from srtui.project.cards import ModelCard, plain_card, read_card

LARGEST_HEADER = 100_000_000
"""Bytes that the header of a safetensors file may take (the format's own limit)."""
_DTYPE, _BYTES = "F32", 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """A network file, summed up."""

    file: str
    size: int
    """Bytes."""
    weights: str
    """Under which key of a checkpoint they were (params_ema, …); nothing where they lie bare."""
    numbers: str
    """float32, float16, …"""
    parameters: int
    digest: str
    """Of the weights as float32, see `weights_digest`: the same in every form that a network is kept in."""
    card: ModelCard

    def plain(self) -> dict[str, Any]:
        """As ``--json`` and a job's result give it."""
        own = {name: getattr(self, name) for name in ("file", "size", "weights", "numbers", "parameters", "digest")}
        return {**own, **plain_card(self.card)}


def own_card(path: Path) -> ModelCard | None:
    """Card of a file that srtui wrote; None of others'.

    Raises
    ------
    UsageError
        If there is no such file, or a newer srtui wrote it.
    SrtuiError
        If it is damaged.
    """
    try:
        with path.open("rb") as file:
            header = _header(file, path)
    except OSError as error:
        raise UsageError(str(path), error.strerror or "cannot be read", hint="give the path of a network") from None
    return None if header is None else read_card(header.get("__metadata__", {}), path)


def own_facts(path: Path) -> ModelFacts | None:
    """Everything about a float32 file that srtui wrote; None of others'.

    Raises
    ------
    UsageError
        If there is no such file, or a newer srtui wrote it.
    SrtuiError
        If it is damaged.
    """
    card = own_card(path)
    if card is None:
        return None
    with path.open("rb") as file:
        header = _header(file, path)
        assert header is not None  # own_card has read it
        tensors = {name: value for name, value in header.items() if name != "__metadata__"}
        try:
            if any(tensor["dtype"] != _DTYPE for tensor in tensors.values()):
                return None
            begin = file.tell()
            parameters = sum(math.prod(tensor["shape"]) for name, tensor in tensors.items() if is_parameter(name))
            size, in_order = path.stat().st_size, sorted(tensors.items())
            digest = weights_digest((name, each["shape"], _read(file, begin, size, each)) for name, each in in_order)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            fact = f"damaged: its header says {str(error)[:200]}"
            raise SrtuiError(str(path), fact, hint="copy or download it again") from None
    return ModelFacts(
        file=str(path),
        size=size,
        weights="",
        numbers="float32",
        parameters=parameters,
        digest=digest,
        card=card,
    )


def is_parameter(name: str) -> bool:
    """Whether a tensor is trained; SPAN keeps sums of others beside them (``eval_conv``), and a mark (``no_norm``)."""
    return ".eval_conv." not in name and name != "no_norm"


def weights_digest(parts: Iterable[tuple[str, Iterable[int], bytes]]) -> str:
    """
    BLAKE2b, 32 hexadecimal digits, over the parameters of a network.

    Parameters
    ----------
    parts
        Name, shape and little-endian float32 values of each tensor, sorted by name.
    """
    summed = hashlib.blake2b(digest_size=16)
    for name, shape, values in parts:
        if is_parameter(name):
            summed.update(f"{name} {list(shape)} {len(values)}\n".encode())
            summed.update(values)
    return summed.hexdigest()


def _header(file: BinaryIO, path: Path) -> dict[str, Any] | None:
    """Header of a safetensors file, which then stands at the first value; None of another kind of file."""
    head = file.read(9)
    length, size = int.from_bytes(head[:8], "little"), path.stat().st_size
    if len(head) < 9 or head[8:] != b"{" or not 2 <= length <= min(LARGEST_HEADER, size - 8):
        return None
    try:
        header = json.loads(head[8:] + file.read(length - 1))
    except (ValueError, RecursionError) as error:
        raise SrtuiError(str(path), f"damaged: {error}", hint="copy or download it again") from None
    assert isinstance(header, dict)  # it begins with a brace
    if not isinstance(header.get("__metadata__", {}), dict):
        raise SrtuiError(str(path), "damaged: its metadata is no mapping", hint="copy or download it again")
    return header


def _read(file: BinaryIO, begin: int, size: int, tensor: Mapping[str, Any]) -> bytes:
    first, last = tensor["data_offsets"]
    wanted = math.prod(tensor["shape"]) * _BYTES
    if not 0 <= first <= last <= size - begin or last - first != wanted:
        raise ValueError(f"bytes {first} to {last} of {size - begin} for {wanted}")
    file.seek(begin + first)
    return file.read(wanted)
