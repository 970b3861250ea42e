"""Where torch computes: the device, its threads and the arithmetic that it is good at."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import torch

from srtui.config.profile import Precision
from srtui.errors import MachineError, UsageError

Arithmetic = Literal["bf16", "fp16", "fp32"]
_CAST: dict[Arithmetic, torch.dtype] = {"bf16": torch.bfloat16, "fp16": torch.float16}
_UNABLE = " does not have a deterministic implementation"  # as torch's warnings say it
_BF16_CPU = frozenset({"avx512_bf16", "amx_bf16"})  # as /proc/cpuinfo spells them


def pick_device(asked: str) -> torch.device:
    """
    Turn what was asked for into a device that works; a GPU is torch's current one from then on.

    Parameters
    ----------
    asked
        ``auto`` (the first GPU, else the CPU), ``cpu``, ``cuda`` or ``cuda:1``.

    Raises
    ------
    UsageError
        If it is none of these.
    MachineError
        If there is no such GPU, or this build of torch has no code for it. ``auto`` does not turn to the CPU then: a
        training that takes months instead of hours is no favour.
    """
    if asked == "cpu":
        return torch.device("cpu")
    name, _, number = asked.partition(":")
    if (name, number) != ("auto", "") and (name != "cuda" or (":" in asked and not number.isdecimal())):
        raise UsageError("device", f"{asked!r} is not a device", hint="give auto, cpu, cuda or cuda:1")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "auto" and not count:
        return torch.device("cpu")
    index = int(number or 0)
    if index >= count:
        found = f"torch sees {count} GPU{'s' * (count != 1)}" + (f", cuda:0 to cuda:{count - 1}" if count else "")
        raise MachineError(f"device {asked}", found, hint="see `srtui doctor`, or use --device cpu")
    return _proved(torch.device("cuda", index))


def _proved(device: torch.device) -> torch.device:
    """The GPU itself, after one sum on it: the list of compiled architectures does not tell everything.

    It is made the current one: what is said to no device in particular (waiting, recording graphs, what a compiler
    tries out) would go to the first GPU, and take memory there.
    """
    try:
        torch.cuda.set_device(device)
        torch.ones(2, device=device).sum().item()
    except RuntimeError as error:
        fact = str(error).splitlines()[0] if str(error) else "cannot compute"
        hint = "see `srtui doctor` for the torch build that fits, or use --device cpu"
        raise MachineError(f"{torch.cuda.get_device_name(device)} ({device})", fact, hint=hint) from None
    return device


def use_threads(threads: int) -> int:
    """Let torch use this many CPU threads (0: one per core that this process may use); returns the number."""
    threads = threads or len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    return threads


def choose_precision(asked: Precision, device: torch.device) -> Arithmetic:
    """
    Settle the arithmetic of the forward pass.

    ``auto`` takes bf16 where the hardware multiplies it (capability 8.0; CPUs with AVX512-BF16 or AMX), fp16 from
    capability 7.0 (tensor cores), else fp32.

    Raises
    ------
    MachineError
        If what was asked for does not run on the device.
    """
    if device.type == "cpu":
        return _choose_on_cpu(asked)
    capability = torch.cuda.get_device_capability(device)
    if asked == "auto":
        return "bf16" if capability >= (8, 0) else "fp16" if capability >= (7, 0) else "fp32"
    if asked == "bf16" and capability < (8, 0):
        fact = f"bf16 needs compute capability 8.0, this GPU has {capability[0]}.{capability[1]}"
        raise MachineError(torch.cuda.get_device_name(device), fact, hint="use precision auto, fp16 or fp32")
    return asked


def _choose_on_cpu(asked: Precision) -> Arithmetic:
    if asked == "fp16":
        raise MachineError("precision fp16", "the CPU has no fast half precision", hint="use precision auto or fp32")
    if asked == "auto":
        return "bf16" if _BF16_CPU & _cpu_flags() else "fp32"
    return asked


@lru_cache(maxsize=1)
def _cpu_flags() -> frozenset[str]:
    """Instruction sets of the first core; empty where the kernel does not say (then nothing is assumed)."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line.partition(":")[2] for line in lines if line.startswith("flags")), "").split())


def autocast(device: torch.device, precision: Arithmetic) -> AbstractContextManager[object]:
    """Context in which convolutions compute in ``precision``; weights and what leaves the network stay as they are."""
    dtype = _CAST.get(precision)
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype=dtype)


_FULL = (
    "_ALLOC_FAILED",  # cuDNN and cuBLAS, when they make their handles
    "_ALLOCATION_FAILED",  # cuDNN from 9 on
    "CUDA error: out of memory",  # the driver, for what does not come from torch's allocator
    "unable to find an engine to execute this computation",  # torch tried all of cuDNN's, and swallowed their errors
    "can't allocate memory",  # the CPU's
)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: torch's own, its libraries', or the CPU's."""
    return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error) for sign in _FULL)


@contextmanager
def memory_explained(device: torch.device) -> Iterator[None]:
    """Turn torch's words for a full GPU into ours, where nothing smaller can be tried.

    Raises
    ------
    MachineError
        If the block needs more memory than there is.
    """
    try:
        yield
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        hint = "choose a smaller network, batch or gt_size, or free the GPU"
        raise MachineError(str(device), str(error).partition("\n")[0], hint=hint) from error


@contextmanager
def same_order(wished: bool, device: torch.device, alarm: Callable[[str], None]) -> Iterator[None]:
    """Let a GPU add up in the same order each time, if that is wished: the same work then gives the same bits.

    Parameters
    ----------
    alarm
        Told, once for each, which operations have no such way.
    """
    if not wished or device.type != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what cuBLAS promises it for; read at its first use
    before, said = torch.are_deterministic_algorithms_enabled(), set[str]()

    def tell(message: Warning | str, *about: Any, **named: Any) -> None:
        operation, unable, _ = str(message).partition(_UNABLE)
        if not unable:
            shown(message, *about, **named)
        elif operation not in said:
            said.add(operation)
            alarm(f"{operation} has no deterministic way on this GPU: a resumed run may differ in its last digits")

    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("always", f".*{_UNABLE}")
            shown, warnings.showwarning = warnings.showwarning, tell
            yield
    finally:
        torch.use_deterministic_algorithms(before)
