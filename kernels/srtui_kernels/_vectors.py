"""
A small vocabulary of explicit vectors for kernels: values of 64 bytes (32 without AVX-512) that live in one register.

LLVM vectorises plain loops well until lanes have to change places or width; there these words win (the measured numbers
stand beside the kernels). They are LLVM's portable vectors and run on any CPU. Five operations that CPUs have and LLVM
does not find by itself (`dot4`, `madd`, `madd_bytes`, `pack`, `pick`) use the instruction where the host has it, and
the same in portable steps elsewhere.

A vector is cut into *blocks* of 128 bits, the unit in which CPUs shuffle cheaply: ``unpack_low``, ``unpack_high``,
``pack`` and ``shuffle`` work in each block alone.

Nothing is checked here: an index must leave a whole vector inside its array.
"""

# mypy: disable-error-code="empty-body"
# The words are compiled, never called: `_meanings` says what they become.

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from numba.core import types
from numpy.typing import NDArray

Array = NDArray[Any]


def host_has(feature: str) -> bool:
    """Say whether the CPU that Numba compiles for (NUMBA_CPU_FEATURES, else the host) has a feature (LLVM's name)."""
    chosen = numba.config.CPU_FEATURES
    features = llvm.get_host_cpu_features().flatten() if chosen is None else chosen
    return "+" + feature in features.split(",")


BYTES = 64 if host_has("avx512bw") and host_has("avx512vl") else 32
"""Size of a vector."""
BLOCKS = BYTES // 16
"""128-bit blocks in a vector."""


class Vector:
    """What a type checker sees; in a kernel it is one LLVM value. Integers wrap around; shifts are by one number."""

    def __add__(self, other: Vector) -> Vector: ...
    def __sub__(self, other: Vector) -> Vector: ...
    def __mul__(self, other: Vector) -> Vector: ...
    def __and__(self, other: Vector) -> Vector: ...
    def __or__(self, other: Vector) -> Vector: ...
    def __xor__(self, other: Vector) -> Vector: ...
    def __lshift__(self, bits: int) -> Vector: ...
    def __rshift__(self, bits: int) -> Vector: ...


class Kind:
    """A kind of vector, named by its element: ``load(u8, row, x)``."""

    def __init__(self, element: Any) -> None:
        self.element = element
        self.lanes = BYTES * 8 // element.bitwidth


class Order:
    """A constant list of places for `shuffle` and `permute`."""

    def __init__(self, lanes: Iterable[int]) -> None:
        self.lanes = tuple(lanes)


u8, i8 = Kind(types.uint8), Kind(types.int8)
u16, i16 = Kind(types.uint16), Kind(types.int16)
u32, i32 = Kind(types.uint32), Kind(types.int32)
i64 = Kind(types.int64)
u64 = Kind(types.uint64)
f32 = Kind(types.float32)


# The words. Inside a kernel only.


def load(kind: Kind, array: Array, index: int) -> Vector:
    """Read a vector that begins at element ``index`` of a flat array, wherever that lies in memory."""


def store(array: Array, index: int, value: Vector) -> None:
    """Write a vector that begins at element ``index`` of a flat array."""


def store_past(array: Array, index: int, value: Vector) -> None:
    """Write a vector to a place that it divides, past the caches: for what is not read again soon."""


def prefetch(array: Array, index: int) -> None:
    """Ask for the line of memory that holds element ``index``; it may lie beyond the array."""


def rows_at(address: int, height: int, width: int) -> NDArray[np.uint8]:
    """Bytes that lie at an address of the memory, as rows; whoever says so keeps them there."""


def settle() -> None:
    """Wait until other threads can see what `store_past` wrote."""


def align_stack() -> None:
    """Let vectors lie whole in the stack's cache lines, as every word does for the function that says it.

    For functions that say none themselves: what a `part` says is lost where it is put in.
    """


def load_rows(kind: Kind, array: Array, index: int, stride: int) -> Vector:
    """Read each block from its own place: block b from element ``index + b * stride``."""


def store_block(array: Array, index: int, value: Vector, block: int) -> None:
    """Write the 16 bytes of one block; ``block`` is a literal."""


def store_half(array: Array, index: int, value: Vector, half: int) -> None:
    """Write the lower (0) or upper (1) half; ``half`` is a literal."""


def load_wide(kind: Kind, array: Array, index: int) -> Vector:
    """Read as many elements as ``kind`` has lanes from a flat array of a narrower integer type, and widen them."""


def store_narrow(array: Array, index: int, value: Vector) -> None:
    """Write the lanes into a flat array of a narrower integer type; the upper bits are cut off."""


def several(array: Array, count: int) -> tuple[Any, ...]:
    """First elements of a flat array as a tuple; loops over it are unrolled. ``count`` is a literal."""


def fill(kind: Kind, number: float | np.number[Any]) -> Vector:
    """All lanes the same."""


def reinterpret(kind: Kind, value: Vector) -> Vector:
    """The same bits as other lanes."""


def minimum(a: Vector, b: Vector) -> Vector:
    """Lane by lane."""


def maximum(a: Vector, b: Vector) -> Vector:
    """Lane by lane."""


def add_saturated(a: Vector, b: Vector) -> Vector:
    """Sum of integers that stops at the ends of their range."""


def multiply_high(a: Vector, b: Vector) -> Vector:
    """Upper 16 bits of the products of 16-bit integers."""


def multiply_add(a: Vector, b: Vector, c: Vector) -> Vector:
    """``a * b + c`` of floats with one rounding; libm is called where the CPU has no FMA, so ask `host_has` first."""


def square_root(a: Vector) -> Vector:
    """Of floats, correctly rounded."""


def round_even(a: Vector) -> Vector:
    """Floats to the nearest whole number, half to even."""


def to_float(a: Vector) -> Vector:
    """int32 to float32, rounded half to even."""


def to_int(a: Vector) -> Vector:
    """float32 to int32, towards zero; the value must fit."""


def unpack_low(a: Vector, b: Vector) -> Vector:
    """In each block: the lower halves' elements in turn, a0 b0 a1 b1 and so on."""


def unpack_high(a: Vector, b: Vector) -> Vector:
    """In each block: the upper halves' elements in turn."""


def shuffle(value: Vector, order: Order) -> Vector:
    """In each block of bytes: byte i becomes byte ``order[i]`` of 16; a negative one becomes 0."""


def permute(a: Vector, b: Vector, order: Order) -> Vector:
    """Lane i becomes lane ``order[i]`` of a followed by b."""


def pick(a: Vector, b: Vector, places: Vector) -> Vector:
    """Byte i becomes byte ``places[i]`` of a followed by b; slow without AVX512-VBMI, so ask `host_has` first."""


def pack(a: Vector, b: Vector) -> Vector:
    """In each block: a's lanes, then b's, at half the width and saturated; int32 → int16, int16 → uint8."""


def madd(a: Vector, b: Vector) -> Vector:
    """Products of int16, neighbours added: int32 with half as many lanes."""


def madd_bytes(a: Vector, b: Vector) -> Vector:
    """Products of uint8 and int8, neighbours added: int16; their sum must fit."""


def dot4(total: Vector, a: Vector, b: Vector) -> Vector:
    """Add to each int32 the products of its four uint8 of ``a`` and int8 of ``b``."""


def dot4_small(total: Vector, a: Vector, b: Vector) -> Vector:
    """Do the same for ``b`` from -64 to 64: half the work where the host has no instruction for `dot4`."""
