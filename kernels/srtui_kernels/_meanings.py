"""
What the words of `_vectors` mean in LLVM: Numba looks here when it compiles a kernel that says them.

The package imports this module before any other, so that the words are known before a kernel is compiled.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.np.arrayobj import make_array, populate_array

from srtui_kernels._llvm import (
    VectorType,
    address,
    call_intrinsic,
    constant,
    instruction,
    joined,
    means,
    read_at,
    shuffled,
    splat,
    widened,
    write_at,
)
from srtui_kernels._vectors import (
    BLOCKS,
    BYTES,
    add_saturated,
    dot4,
    dot4_small,
    fill,
    host_has,
    load,
    load_rows,
    load_wide,
    madd,
    madd_bytes,
    maximum,
    minimum,
    multiply_add,
    multiply_high,
    pack,
    permute,
    pick,
    prefetch,
    reinterpret,
    round_even,
    rows_at,
    settle,
    several,
    shuffle,
    square_root,
    store,
    store_block,
    store_half,
    store_narrow,
    store_past,
    to_float,
    to_int,
    unpack_high,
    unpack_low,
)


@means(load)
def _load(kind: Any, array: Any, _index: Any) -> Any:
    seen = kind.vector.llvm

    def read(context: Any, builder: Any, _kind: Any, value: Any, at: Any) -> Any:
        return read_at(builder, address(context, builder, array, value, at, seen), seen)

    return kind.vector(kind, array, types.intp), read


@means(store)
def _store(array: Any, _index: Any, vector: Any) -> Any:
    def write(context: Any, builder: Any, value: Any, at: Any, lanes: Any) -> None:
        write_at(builder, lanes, address(context, builder, array, value, at, vector.llvm))

    return types.void(array, types.intp, vector), write


@means(store_past)
def _store_past(array: Any, _index: Any, vector: Any) -> Any:
    def write(context: Any, builder: Any, value: Any, at: Any, lanes: Any) -> None:
        stored = builder.store(lanes, address(context, builder, array, value, at, vector.llvm))
        stored.align = BYTES
        stored.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)]))

    return types.void(array, types.intp, vector), write


@means(prefetch)
def _prefetch(array: Any, _index: Any) -> Any:
    def ask(context: Any, builder: Any, value: Any, at: Any) -> None:
        place = address(context, builder, array, value, at, ir.IntType(8))
        to_read, keep, data = (ir.Constant(ir.IntType(32), number) for number in (0, 3, 1))
        call_intrinsic(builder, "llvm.prefetch.p0", ir.VoidType(), place, to_read, keep, data)

    return types.void(array, types.intp), ask


@means(rows_at)
def _rows_at(_address: Any, _height: Any, _width: Any) -> Any:
    rows = types.Array(types.uint8, 2, "C", readonly=True)

    def see(context: Any, builder: Any, address: Any, height: Any, width: Any) -> Any:
        array, one = make_array(rows)(context, builder), ir.Constant(ir.IntType(64), 1)
        place = builder.inttoptr(address, array.data.type)
        populate_array(array, place, [height, width], [width, one], one, None)
        return array._getvalue()

    return rows(types.intp, types.intp, types.intp), see


@means(settle)
def _settle() -> Any:
    return types.void(), lambda _, builder: builder.fence("seq_cst") and None


@means(load_rows)
def _load_rows(kind: Any, array: Any, _index: Any, _stride: Any) -> Any:
    vector = kind.vector
    block = ir.VectorType(vector.llvm.element, vector.lanes // BLOCKS)

    def read(context: Any, builder: Any, _kind: Any, value: Any, at: Any, stride: Any) -> Any:
        rows = []
        for _ in range(BLOCKS):
            rows.append(read_at(builder, address(context, builder, array, value, at, block), block))
            at = builder.add(at, stride)
        return joined(builder, rows)

    return vector(kind, array, types.intp, types.intp), read


def _stored_in_parts(word: Any, parts: int) -> None:
    @means(word)
    def _(array: Any, _index: Any, vector: Any, which: Any) -> Any:
        if not isinstance(which, types.IntegerLiteral):
            return None
        lanes = vector.lanes // parts
        order = list(range(which.literal_value * lanes, (which.literal_value + 1) * lanes))

        def write(context: Any, builder: Any, value: Any, at: Any, whole: Any, _which: Any) -> None:
            piece = shuffled(builder, whole, whole, order)
            write_at(builder, piece, address(context, builder, array, value, at, piece.type))

        return types.void(array, types.intp, vector, which), write


_stored_in_parts(store_block, BLOCKS)
_stored_in_parts(store_half, 2)


@means(load_wide)
def _load_wide(kind: Any, array: Any, _index: Any) -> Any:
    seen = ir.VectorType(ir.IntType(array.dtype.bitwidth), kind.vector.lanes)

    def read(context: Any, builder: Any, _kind: Any, value: Any, at: Any) -> Any:
        narrow = read_at(builder, address(context, builder, array, value, at, seen), seen)
        if kind.vector.is_float:
            return (builder.sitofp if array.dtype.signed else builder.uitofp)(narrow, kind.vector.llvm)
        return widened(builder, narrow, kind.vector.llvm, array.dtype.signed)

    return kind.vector(kind, array, types.intp), read


@means(store_narrow)
def _store_narrow(array: Any, _index: Any, vector: Any) -> Any:
    seen = ir.VectorType(ir.IntType(array.dtype.bitwidth), vector.lanes)

    def write(context: Any, builder: Any, value: Any, at: Any, lanes: Any) -> None:
        write_at(builder, builder.trunc(lanes, seen), address(context, builder, array, value, at, seen))

    return types.void(array, types.intp, vector), write


@means(several)
def _several(array: Any, count: Any) -> Any:
    if not isinstance(count, types.IntegerLiteral):
        return None
    result = types.UniTuple(array.dtype, count.literal_value)  # type: ignore[attr-defined]  # it is there

    def read(context: Any, builder: Any, value: Any, _count: Any) -> Any:
        data = make_array(array)(context, builder, value).data
        places = [builder.gep(data, [context.get_constant(types.intp, at)]) for at in range(result.count)]
        return cgutils.pack_array(builder, [builder.load(place) for place in places])

    return result(array, count), read


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


def _same(vector: Any, *others: Any) -> bool:
    return isinstance(vector, VectorType) and all(vector == other for other in others)


def _lane_by_lane(word: Any, integers: tuple[str, str], floats: str = "") -> None:
    """Let a word of two vectors be LLVM's intrinsic for signed integers, unsigned ones, or floats."""

    @means(word)
    def _(vector: Any, other: Any) -> Any:
        name = floats if vector.is_float else integers[0 if vector.signed else 1]
        if not _same(vector, other) or not name:
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
        if not _same(vector, other) or (vector.is_float and not floats):
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
        if not _same(*vectors) or not vector.is_float:
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
    if not _same(vector, other) or vector.element.bitwidth != 16:
        return None
    wide = ir.VectorType(ir.IntType(32), vector.lanes)

    def high(_context: Any, builder: Any, a: Any, b: Any) -> Any:
        product = builder.mul(widened(builder, a, wide, vector.signed), widened(builder, b, wide, vector.signed))
        return builder.trunc(builder.lshr(product, constant(wide, 16)), vector.llvm)

    return vector(vector, other), high


def _in_blocks(word: Any, half: int) -> None:
    @means(word)
    def _(vector: Any, other: Any) -> Any:
        if not _same(vector, other):
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
    if not _same(vector, other):
        return None
    return vector(vector, other, order), lambda _, builder, a, b, __: shuffled(builder, a, b, list(order.lanes))


@means(pick)
def _pick(vector: Any, other: Any, places: Any) -> Any:
    if not _same(vector, other) or vector.element.bitwidth != 8 or places.element != types.uint8:
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


@means(madd)
def _madd(vector: Any, other: Any) -> Any:
    if not _same(vector, other) or vector.element != types.int16:
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


@means(pack)
def _pack(vector: Any, other: Any) -> Any:
    if not _same(vector, other) or vector.element not in {types.int32, types.int16}:
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
