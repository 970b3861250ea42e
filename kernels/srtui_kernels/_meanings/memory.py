"""Reading and writing vectors, and small arrays that a loop unrolls over."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.np.arrayobj import make_array, populate_array

from srtui_kernels._llvm import address, call_intrinsic, joined, means, read_at, shuffled, widened, write_at
from srtui_kernels._vectors import (
    BLOCKS,
    BYTES,
    align_stack,
    load,
    load_rows,
    load_wide,
    prefetch,
    rows_at,
    settle,
    several,
    store,
    store_block,
    store_half,
    store_narrow,
    store_past,
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


@means(align_stack)
def _align_stack() -> Any:
    return types.void(), lambda _, __: None


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
