"""
Every word of the vectors that makes lanes out of lanes, beside what it means in NumPy.

Run as a program, it prints digests of the results, so that other machines can be compared with this one: the inputs
are flat arrays that are gone through vector by vector, and blocks are the same whatever the size of a vector.
"""

from __future__ import annotations

import argparse
import json
import operator
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from srtui_kernels import _vectors as v

Array = NDArray[Any]
SIZE = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word with kinds of lanes."""

    word: Callable[..., Any]
    takes: tuple[v.Kind, ...]
    gives: v.Kind
    means: Callable[..., Array]
    instruction: bool = False
    """Whether hosts have an instruction that the word asks for by name."""
    small: bool = False
    """Whether the last input goes from -64 to 63 only."""

    def __str__(self) -> str:
        return f"{self.word.__name__} {' '.join(str(kind.element) for kind in self.takes)}"

    def inputs(self) -> list[Array]:
        """Begin one element into their memory, where no vector is aligned."""
        arrays = [_values(kind, number) for number, kind in enumerate(self.takes)]
        if self.small:
            arrays[-1] >>= 1
        return arrays

    def run(self) -> Array:
        """Compile the word and put the whole inputs through it."""
        arrays = self.inputs()
        out = np.empty(arrays[0].nbytes // self.gives.element.bitwidth * 8 + 1, _dtype(self.gives))[1:]
        _loop(self.word, self.takes, self.gives.lanes)(out, *arrays)
        return out

    def expected(self) -> Array:
        """What NumPy says."""
        with np.errstate(over="ignore"):
            return self.means(*self.inputs())


def _dtype(kind: v.Kind) -> np.dtype[Any]:
    return np.dtype(str(kind.element))


def _values(kind: v.Kind, number: int) -> Array:
    """Bytes in all pairs; else random ones and the ends of the range; floats whose sums of products float64 holds."""
    dtype, random = _dtype(kind), np.random.default_rng(number)
    values = np.empty(SIZE * 4 // dtype.itemsize + 1, dtype)[1:]
    if dtype.kind == "f":
        values[:] = random.integers(-(2**24), 2**24, values.size) / 2.0 ** (21 if number == 2 else 23)
        values[::5] = np.rint(values[::5] * 2) / 2
        values[1::5] *= 2**20 if number == 0 else 1
    elif dtype.itemsize == 1:
        values[:] = (np.arange(values.size) >> 8 * (number % 2)).astype(dtype)
    else:
        ends = np.iinfo(dtype)
        values[:] = random.integers(ends.min, ends.max, values.size, dtype, endpoint=True)
        corners = np.array([ends.min, ends.min + 1, 0, 1, ends.max - 1, ends.max], dtype)
        values[::2] = random.choice(corners, values[::2].size)
        values[1::4] = random.integers(max(ends.min, -300), 300, values[1::4].size)
    return values


def _loop(word: Callable[..., Any], takes: tuple[v.Kind, ...], step: int) -> Callable[..., None]:
    load, store = v.load, v.store
    if len(takes) == 1:
        (kind,), lanes = takes, takes[0].lanes

        def one(out: Array, a: Array) -> None:
            for k in range(a.size // lanes):
                store(out, k * step, word(load(kind, a, k * lanes)))

        return _compiled(one)
    kind, other = takes[0], takes[1]
    lanes, others = kind.lanes, other.lanes
    if len(takes) == 2:

        def two(out: Array, a: Array, b: Array) -> None:
            for k in range(a.size // lanes):
                store(out, k * step, word(load(kind, a, k * lanes), load(other, b, k * others)))

        return _compiled(two)
    last, lasts = takes[2], takes[2].lanes

    def three(out: Array, a: Array, b: Array, c: Array) -> None:
        for k in range(a.size // lanes):
            first, second = load(kind, a, k * lanes), load(other, b, k * others)
            store(out, k * step, word(first, second, load(last, c, k * lasts)))

    return _compiled(three)


def _compiled(function: Callable[..., None]) -> Callable[..., None]:
    compiled: Callable[..., None] = numba.njit(error_model="numpy")(function)
    return compiled


def _clipped(values: Array, dtype: Any) -> Array:
    return np.clip(values, np.iinfo(dtype).min, np.iinfo(dtype).max).astype(dtype)


def _add_saturated(a: Array, b: Array) -> Array:
    return _clipped(a.astype(np.int64) + b, a.dtype)


def _multiply_high(a: Array, b: Array) -> Array:
    return ((a.astype(np.int64) * b) >> 16).astype(a.dtype)


def _products(count: int, dtype: Any) -> Callable[[Array, Array], Array]:
    return lambda a, b: (a.astype(np.int64) * b).reshape(-1, count).sum(axis=1).astype(dtype)


def _dot4(total: Array, a: Array, b: Array) -> Array:
    return (total + _products(4, np.int64)(a, b)).astype(np.int32)


def _pack(dtype: Any) -> Callable[[Array, Array], Array]:
    return lambda a, b: _clipped(np.concatenate([_blocks(a), _blocks(b)], axis=1), dtype).reshape(-1)


def _blocks(a: Array) -> Array:
    return a.reshape(-1, 16 // a.itemsize)


def _unpack(half: int) -> Callable[[Array, Array], Array]:
    def means(a: Array, b: Array) -> Array:
        lanes = 8 // a.itemsize
        part = slice(half * lanes, (half + 1) * lanes)
        return np.stack([_blocks(a)[:, part], _blocks(b)[:, part]], axis=-1).reshape(-1)

    return means


def _multiply_add(a: Array, b: Array, c: Array) -> Array:
    return (a.astype(np.float64) * b + c).astype(np.float32)


INTEGERS = (v.u8, v.i8, v.u16, v.i16, v.u32, v.i32)
INSTRUCTIONS = (
    Word(word=v.madd, takes=(v.i16, v.i16), gives=v.i32, means=_products(2, np.int32), instruction=True),
    Word(
        word=v.madd_bytes, takes=(v.u8, v.i8), gives=v.i16, means=_products(2, np.int16), instruction=True, small=True
    ),
    Word(word=v.dot4, takes=(v.i32, v.u8, v.i8), gives=v.i32, means=_dot4, instruction=True),
    Word(word=v.dot4_small, takes=(v.i32, v.u8, v.i8), gives=v.i32, means=_dot4, instruction=True, small=True),
    Word(word=v.pack, takes=(v.i32, v.i32), gives=v.i16, means=_pack(np.int16), instruction=True),
    Word(word=v.pack, takes=(v.i16, v.i16), gives=v.u8, means=_pack(np.uint8), instruction=True),
)
LANE_BY_LANE = (
    *(
        Word(word=word, takes=(kind, kind), gives=kind, means=means)
        for word, means, kinds in (
            (operator.add, np.add, (*INTEGERS, v.f32)),
            (operator.sub, np.subtract, (*INTEGERS, v.f32)),
            (operator.mul, np.multiply, (*INTEGERS, v.f32)),
            (operator.and_, np.bitwise_and, (v.u32,)),
            (operator.or_, np.bitwise_or, (v.u32,)),
            (operator.xor, np.bitwise_xor, (v.u32,)),
            (v.minimum, np.minimum, (*INTEGERS, v.f32)),
            (v.maximum, np.maximum, (*INTEGERS, v.f32)),
            (v.add_saturated, _add_saturated, (v.u8, v.i8, v.u16, v.i16)),
            (v.multiply_high, _multiply_high, (v.u16, v.i16)),
        )
        for kind in kinds
    ),
    Word(word=v.to_float, takes=(v.i32,), gives=v.f32, means=lambda a: a.astype(np.float32)),
    Word(word=v.to_int, takes=(v.f32,), gives=v.i32, means=lambda a: a.astype(np.int32)),
    Word(word=v.round_even, takes=(v.f32,), gives=v.f32, means=np.rint),
    Word(word=v.multiply_add, takes=(v.f32, v.f32, v.f32), gives=v.f32, means=_multiply_add),
)
IN_BLOCKS = tuple(
    Word(word=word, takes=(kind, kind), gives=kind, means=_unpack(half))
    for half, word in enumerate((v.unpack_low, v.unpack_high))
    for kind in (v.u8, v.i16, v.u32)
)
WORDS = (*INSTRUCTIONS, *LANE_BY_LANE, *IN_BLOCKS)


def digests(*, every: bool) -> dict[str, str]:
    """Digest the results of all words, or of those with instructions."""
    return {
        str(each): blake2b(each.run().tobytes(), digest_size=8).hexdigest()
        for each in WORDS
        if every or each.instruction
    }


def main() -> None:
    """Print the digests."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", action="store_true")
    print(json.dumps(digests(every=parser.parse_args().every)))


if __name__ == "__main__":
    main()
