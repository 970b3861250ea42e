"""Arithmetic in each lane."""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import types

from srtui_kernels._llvm import VectorType, call_intrinsic, constant, means, same, splat, widened
from srtui_kernels._vectors import (
    add_saturated,
    fill,
    maximum,
    minimum,
    multiply_add,
    multiply_high,
    reinterpret,
    round_even,
    square_root,
    to_float,
    to_int,
)


@means(fill)
def _fill(kind: Any, _number: Any) -> Any:
    def fill_all(_context: Any, builder: Any, _kind: Any, value: Any) -> Any:
        return splat(builder, kind.vector.llvm, value)

    return kind.vector(kind, kind.vector.element), fill_all


@means(reinterpret)
def _reinterpret(kind: Any, _vector: Any) -> Any:
    def cast(_context: Any, builder: Any, _kind: Any, value: Any) -> Any:
        return builder.bitcast(value, kind.vector.llvm)

    return kind.vector(kind, _vector), cast


def _lane_by_lane(word: Any, integers: tuple[str, str], floats: str = "") -> None:
    """Let a word of two vectors be LLVM's intrinsic for signed integers, unsigned ones, or floats."""

    @means(word)
    def _(vector: Any, other: Any) -> Any:
        name = floats if vector.is_float else integers[0 if vector.signed else 1]
        if not same(vector, other) or not name:
            return None

        def call(_context: Any, builder: Any, a: Any, b: Any) -> Any:
            return call_intrinsic(builder, f"llvm.{name}.{vector.suffix}", vector.llvm, a, b)

        return vector(vector, other), call


_lane_by_lane(minimum, ("smin", "umin"), "minnum")
_lane_by_lane(maximum, ("smax", "umax"), "maxnum")
_lane_by_lane(add_saturated, ("sadd.sat", "uadd.sat"))


def _operation(word: Any, integers: str, floats: str = "") -> None:
    @means(word, VectorType, VectorType)
    def _(vector: Any, other: Any) -> Any:
        if not same(vector, other) or (vector.is_float and not floats):
            return None
        return vector(vector, other), lambda _, builder, a, b: getattr(
            builder, floats if vector.is_float else integers
        )(a, b)


for _plus, _minus, _times in (
    (operator.add, operator.sub, operator.mul),
    (operator.iadd, operator.isub, operator.imul),
):
    _operation(_plus, "add", "fadd")
    _operation(_minus, "sub", "fsub")
    _operation(_times, "mul", "fmul")
_operation(operator.and_, "and_")
_operation(operator.or_, "or_")
_operation(operator.xor, "xor")


def _shift(word: Any, signed: str, unsigned: str) -> None:
    @means(word, VectorType, types.Integer)
    def _(vector: Any, bits: Any) -> Any:
        if not isinstance(vector, VectorType) or vector.is_float or not isinstance(bits, types.Integer):
            return None

        def shift(_context: Any, builder: Any, value: Any, by: Any) -> Any:
            shifts = splat(builder, vector.llvm, by)
            return getattr(builder, signed if vector.signed else unsigned)(value, shifts)

        return vector(vector, vector.element), shift


_shift(operator.lshift, "shl", "shl")
_shift(operator.rshift, "ashr", "lshr")


def _of_floats(word: Any, name: str) -> None:
    @means(word)
    def _(*vectors: Any) -> Any:
        vector = vectors[0]
        if not same(*vectors) or not vector.is_float:
            return None

        def call(_context: Any, builder: Any, *values: Any) -> Any:
            return call_intrinsic(builder, f"llvm.{name}.{vector.suffix}", vector.llvm, *values)

        return vector(*vectors), call


_of_floats(multiply_add, "fma")
_of_floats(square_root, "sqrt")
_of_floats(round_even, "rint")


@means(to_float)
def _to_float(vector: Any) -> Any:
    floats = vector.of(types.float32)
    return floats(vector), lambda _, builder, value: builder.sitofp(value, floats.llvm)


@means(to_int)
def _to_int(vector: Any) -> Any:
    whole = vector.of(types.int32)
    return whole(vector), lambda _, builder, value: builder.fptosi(value, whole.llvm)


@means(multiply_high)
def _multiply_high(vector: Any, other: Any) -> Any:
    if not same(vector, other) or vector.element.bitwidth != 16:
        return None
    wide = ir.VectorType(ir.IntType(32), vector.lanes)

    def high(_context: Any, builder: Any, a: Any, b: Any) -> Any:
        product = builder.mul(widened(builder, a, wide, vector.signed), widened(builder, b, wide, vector.signed))
        return builder.trunc(builder.lshr(product, constant(wide, 16)), vector.llvm)

    return vector(vector, other), high
