"""Products of neighbours, added up."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from srtui_kernels._llvm import call_intrinsic, constant, instruction, means, same, shuffled, widened
from srtui_kernels._vectors import BYTES, dot4, dot4_small, host_has, madd, madd_bytes


@means(madd)
def _madd(vector: Any, other: Any) -> Any:
    if not same(vector, other) or vector.element != types.int16:
        return None
    sums = vector.of(types.int32)
    return sums(vector, other), lambda _, builder, a, b: _added_products(builder, sums.llvm, a, b)


def _added_products(builder: Any, sums: ir.VectorType, a: Any, b: Any) -> Any:
    names = {64: "llvm.x86.avx512.pmaddw.d.512", 32: "llvm.x86.avx2.pmadd.wd", 16: "llvm.x86.sse2.pmadd.wd"}
    made = instruction(builder, names, sums, a, b)
    return made or _neighbours_added(builder, sums, a, b, (True, True))


def _neighbours_added(builder: Any, sums: ir.VectorType, a: Any, b: Any, signed: tuple[bool, bool]) -> Any:
    products = []
    for first in (0, 1):
        lanes = list(range(first, 2 * sums.count, 2))
        x = widened(builder, shuffled(builder, a, a, lanes), sums, signed[0])
        y = widened(builder, shuffled(builder, b, b, lanes), sums, signed[1])
        products.append(builder.mul(x, y))
    return builder.add(*products)


_MADD_BYTES = {
    64: "llvm.x86.avx512.pmaddubs.w.512",
    32: "llvm.x86.avx2.pmadd.ub.sw",
    16: "llvm.x86.ssse3.pmadd.ub.sw.128",
}


@means(madd_bytes)
def _madd_bytes(vector: Any, other: Any) -> Any:
    if (vector.element, other.element) != (types.uint8, types.int8):
        return None
    sums = vector.of(types.int16)

    def multiply(_context: Any, builder: Any, a: Any, b: Any) -> Any:
        made = instruction(builder, _MADD_BYTES, sums.llvm, a, b)
        return made or _neighbours_added(builder, sums.llvm, a, b, (False, True))

    return sums(vector, other), multiply


@means(dot4)
def _dot4(total: Any, vector: Any, other: Any) -> Any:
    if (total.element, vector.element, other.element) != (types.int32, types.uint8, types.int8):
        return None
    return total(total, vector, other), _add_four_products


def _add_four_products(_context: Any, builder: Any, total: Any, a: Any, b: Any) -> Any:
    if host_has("avx512vnni") and BYTES == 64:
        a, b = builder.bitcast(a, total.type), builder.bitcast(b, total.type)
        return call_intrinsic(builder, "llvm.x86.avx512.vpdpbusd.512", total.type, total, a, b)
    words = ir.VectorType(ir.IntType(16), total.type.count * 2)
    eight = constant(words, 8)
    a, b = builder.bitcast(a, words), builder.bitcast(b, words)
    even = _added_products(
        builder, total.type, builder.and_(a, constant(words, 255)), builder.ashr(builder.shl(b, eight), eight)
    )
    odd = _added_products(builder, total.type, builder.lshr(a, eight), builder.ashr(b, eight))
    return builder.add(total, builder.add(even, odd))


@means(dot4_small)
def _dot4_small(total: Any, vector: Any, other: Any) -> Any:
    if (total.element, vector.element, other.element) != (types.int32, types.uint8, types.int8):
        return None
    words = vector.of(types.int16).llvm

    def multiply(context: Any, builder: Any, value: Any, a: Any, b: Any) -> Any:
        if host_has("avx512vnni") and BYTES == 64:
            return _add_four_products(context, builder, value, a, b)
        pairs = instruction(builder, _MADD_BYTES, words, a, b) or _neighbours_added(builder, words, a, b, (False, True))
        return builder.add(value, _added_products(builder, value.type, pairs, constant(words, 1)))

    return total(total, vector, other), multiply
