"""Lanes that change places, or width."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from srtui_kernels._llvm import call_intrinsic, constant, instruction, joined, means, same, shuffled
from srtui_kernels._vectors import BLOCKS, BYTES, host_has, pack, permute, pick, shuffle, unpack_high, unpack_low


def _in_blocks(word: Any, half: int) -> None:
    @means(word)
    def _(vector: Any, other: Any) -> Any:
        if not same(vector, other):
            return None
        lanes = vector.lanes // BLOCKS
        starts = [block * lanes + half * lanes // 2 for block in range(BLOCKS)]
        order = [
            lane + which for start in starts for lane in range(start, start + lanes // 2) for which in (0, vector.lanes)
        ]
        return vector(vector, other), lambda _, builder, a, b: shuffled(builder, a, b, order)


_in_blocks(unpack_low, 0)
_in_blocks(unpack_high, 1)


@means(shuffle)
def _shuffle(vector: Any, order: Any) -> Any:
    picked = [index if index >= 0 else 16 for index in order.lanes]
    lanes = [index % 16 + 16 * block if index < 16 else BYTES for block in range(BLOCKS) for index in picked]

    def pick(_context: Any, builder: Any, value: Any, _order: Any) -> Any:
        return shuffled(builder, value, constant(vector.llvm, 0), lanes)

    return vector(vector, order), pick


@means(permute)
def _permute(vector: Any, other: Any, order: Any) -> Any:
    if not same(vector, other):
        return None
    return vector(vector, other, order), lambda _, builder, a, b, __: shuffled(builder, a, b, list(order.lanes))


@means(pick)
def _pick(vector: Any, other: Any, places: Any) -> Any:
    if not same(vector, other) or vector.element.bitwidth != 8 or places.element != types.uint8:
        return None

    def look_up(_context: Any, builder: Any, a: Any, b: Any, at: Any) -> Any:
        if host_has("avx512vbmi") and BYTES == 64:
            return call_intrinsic(builder, "llvm.x86.avx512.vpermi2var.qi.512", vector.llvm, a, at, b)
        both, picked = joined(builder, [a, b]), ir.Constant(vector.llvm, ir.Undefined)
        at = builder.and_(at, constant(at.type, 2 * BYTES - 1))
        for lane in range(BYTES):
            here = ir.Constant(ir.IntType(32), lane)
            found = builder.extract_element(both, builder.extract_element(at, here))
            picked = builder.insert_element(picked, found, here)
        return picked

    return vector(vector, other, places), look_up


@means(pack)
def _pack(vector: Any, other: Any) -> Any:
    if not same(vector, other) or vector.element not in {types.int32, types.int16}:
        return None
    words = vector.element == types.int32
    packed = vector.of(types.int16 if words else types.uint8)
    names = (
        {64: "llvm.x86.avx512.packssdw.512", 32: "llvm.x86.avx2.packssdw", 16: "llvm.x86.sse2.packssdw.128"}
        if words
        else {64: "llvm.x86.avx512.packuswb.512", 32: "llvm.x86.avx2.packuswb", 16: "llvm.x86.sse2.packuswb.128"}
    )
    low, high = (-(1 << 15), (1 << 15) - 1) if words else (0, 255)

    def saturate(_context: Any, builder: Any, a: Any, b: Any) -> Any:
        made = instruction(builder, names, packed.llvm, a, b)
        if made is not None:
            return made
        lanes = vector.lanes // BLOCKS
        order = [
            k + which
            for at in range(0, vector.lanes, lanes)
            for which in (0, vector.lanes)
            for k in range(at, at + lanes)
        ]
        both = shuffled(builder, a, b, order)
        suffix = f"v{both.type.count}i{vector.element.bitwidth}"
        both = call_intrinsic(builder, f"llvm.smax.{suffix}", both.type, both, constant(both.type, low))
        both = call_intrinsic(builder, f"llvm.smin.{suffix}", both.type, both, constant(both.type, high))
        return builder.trunc(both, packed.llvm)

    return packed(vector, other), saturate
