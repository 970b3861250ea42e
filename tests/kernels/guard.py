"""
Arrays between two pages that nobody may touch: reading or writing one byte too far ends the process.

All memory of arrays is covered: what NumPy allocates (sources, copies and results, through its NEP 49 handler) and
what compiled code allocates for itself (Numba's `NRT_MemInfo_alloc_aligned`, replaced where LLVM looks symbols up when
a kernel is compiled or loaded). Only for processes of their own, on Linux.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
from llvmlite import binding
from numba.core.registry import cpu_target
from numba.core.runtime import _nrt_python, rtsys

Place = Literal["start", "end"]

_PROT_NONE, _PROT_BOTH, _PRIVATE = 0, 3, 0x22  # Linux: MAP_PRIVATE | MAP_ANONYMOUS
_SET_HANDLER = 304  # PyDataMem_SetHandler's place in NumPy's C table, which extension modules rely on

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]

_used: dict[int, tuple[int, int, int]] = {}  # address → start and length of the room it is in, size asked for
_free_rooms: dict[int, list[int]] = {}  # length → starts
_place: Place = "end"


@contextmanager
def guarded(place: Place) -> Iterator[None]:
    """Allocate all arrays within so that they begin behind, or end before, a page that nobody may touch."""
    global _place  # noqa: PLW0603 (the allocators are C functions: they have no other way to know)
    _place = place
    before = _set_handler(ctypes.py_object(_handler_capsule))
    try:
        yield
    finally:
        _set_handler(ctypes.py_object(before))


def allocate(size: int) -> int:
    """Find room for ``size`` bytes, filled with a value that no kernel should count on."""
    inside = -(-max(size, 1) // mmap.PAGESIZE) * mmap.PAGESIZE
    rooms = _free_rooms.setdefault(inside, [])
    room = rooms.pop() if rooms else _map(inside)
    address = room + (inside - size if _place == "end" else 0)
    ctypes.memset(address, 0xA5, size)
    _used[address] = room, inside, size
    return address


def free(address: int) -> None:
    """Keep the room for the next who needs one of its size: mapping each anew took half of the tests' time."""
    room, inside, _ = _used.pop(address)
    _free_rooms[inside].append(room)


def _map(inside: int) -> int:
    base = _libc.mmap(None, inside + 2 * mmap.PAGESIZE, _PROT_NONE, _PRIVATE, -1, 0)
    if base in {None, ctypes.c_void_p(-1).value} or _libc.mprotect(base + mmap.PAGESIZE, inside, _PROT_BOTH):
        raise OSError(ctypes.get_errno(), "mmap")
    return int(base + mmap.PAGESIZE)


class _Owner:
    """Keeps one allocation of compiled code."""

    def __init__(self, address: int) -> None:
        self._address = address

    def __del__(self) -> None:
        free(self._address)


@ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32)
def _numba_alloc(size: int, align: int) -> int:
    address = allocate(size)
    info: int = _nrt_python.meminfo_new(address, _Owner(address))
    return info


@ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
def _malloc(context: int, size: int) -> int:
    return allocate(size)


@ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
def _calloc(context: int, count: int, size: int) -> int:
    address = allocate(count * size)
    ctypes.memset(address, 0, count * size)
    return address


@ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
def _realloc(context: int, old: int, size: int) -> int:
    new = allocate(size)
    ctypes.memmove(new, old, min(size, _used[old][2]))
    free(old)
    return new


@ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
def _free(context: int, address: int, size: int) -> None:
    free(address)


class _Handler(ctypes.Structure):
    """PyDataMem_Handler of numpy/ndarraytypes.h."""

    _fields_ = (
        ("name", ctypes.c_char * 127),
        ("version", ctypes.c_uint8),
        ("context", ctypes.c_void_p),
        ("malloc", ctypes.c_void_p),
        ("calloc", ctypes.c_void_p),
        ("realloc", ctypes.c_void_p),
        ("free", ctypes.c_void_p),
    )


def _address(function: object) -> int:
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


def _table() -> ctypes.Array[ctypes.c_void_p]:
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    capsule = np._core._multiarray_umath._ARRAY_API
    return (ctypes.c_void_p * (_SET_HANDLER + 1)).from_address(pointer(capsule, None))


def _capsule() -> object:
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return new(ctypes.addressof(_handler), b"mem_handler", None)


_handler = _Handler(b"guard", 1, None, *map(_address, (_malloc, _calloc, _realloc, _free)))
_handler_capsule = _capsule()
_set_handler = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(_table()[_SET_HANDLER])

rtsys.initialize(cpu_target.target_context)  # it defines Numba's own symbols; ours then replaces one of them
binding.add_symbol("NRT_MemInfo_alloc_aligned", _address(_numba_alloc))
