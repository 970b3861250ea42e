"""
A small vocabulary of explicit vectors for kernels: values of 64 bytes (32 without AVX-512) that live in one register.

LLVM vectorises plain loops well until lanes have to change places or width; there these words win (the measured numbers
stand beside the kernels). They are LLVM's portable vectors and run on any CPU. Four operations that CPUs have and LLVM
does not find by itself (`dot4`, `madd`, `madd_bytes`, `pack`) use the instruction where the host has it, and the same
arithmetic in portable steps elsewhere.

A vector is cut into *blocks* of 128 bits, the unit in which CPUs shuffle cheaply: ``unpack_low``, ``unpack_high``,
``pack`` and ``shuffle`` work in each block alone.

Nothing is checked here: an index must leave a whole vector inside its array.
"""

# mypy: disable-error-code="empty-body"
# The words are compiled, never called: their bodies are the functions that `_means` names.

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_constant
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import lower_builtin, models, register_model, typeof_impl
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

Array = NDArray[Any]
F = TypeVar("F", bound=Callable[..., Any])


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


class _VectorType(types.Type):
    def __init__(self, element: Any, lanes: int) -> None:
        self.element, self.lanes = element, lanes
        self.is_float = isinstance(element, types.Float)
        self.signed = self.is_float or bool(element.signed)
        self.llvm = ir.VectorType(ir.FloatType() if self.is_float else ir.IntType(element.bitwidth), lanes)
        self.suffix = f"v{lanes}{'f' if self.is_float else 'i'}{element.bitwidth}"
        super().__init__(name=f"Vector({element}, {lanes})")

    def of(self, element: Any) -> _VectorType:
        """Return the type of the same size with other elements."""
        return _VectorType(element, self.lanes * self.element.bitwidth // element.bitwidth)


class _KindType(types.Type):
    def __init__(self, element: Any, lanes: int) -> None:
        self.vector = _VectorType(element, lanes)
        super().__init__(name=f"Kind({element}, {lanes})")


class _OrderType(types.Type):
    def __init__(self, lanes: tuple[int, ...]) -> None:
        self.lanes = lanes
        super().__init__(name=f"Order{lanes}")


@register_model(_VectorType)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]  # untyped in Numba
    def __init__(self, manager: Any, vector: _VectorType) -> None:
        super().__init__(manager, vector, vector.llvm)


typeof_impl.register(Kind)(lambda kind, _: _KindType(kind.element, kind.lanes))
typeof_impl.register(Order)(lambda order, _: _OrderType(order.lanes))
for _constant_type in (_KindType, _OrderType):
    register_model(_constant_type)(models.OpaqueModel)
    lower_constant(_constant_type)(lambda context, *_: context.get_dummy_value())

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


def settle() -> None:
    """Wait until other threads can see what `store_past` wrote."""


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


# What they mean in LLVM.

Meaning = Callable[..., tuple[Any, Callable[..., Any]] | None]
"""Types of the arguments → (signature, (context, builder, values) → LLVM value); None where they do not fit."""


def _means(word: Any, *asked: Any) -> Callable[[Meaning], Meaning]:
    """Let Numba compile calls of ``word`` as the decorated function says."""

    def register(meaning: Meaning) -> Meaning:
        class Template(AbstractTemplate):  # type: ignore[misc]  # untyped in Numba
            def generic(self, args: tuple[Any, ...], kws: Any) -> Any:
                if kws or (asked and not any(isinstance(each, _VectorType) for each in args)):
                    return None
                meant = meaning(*args)
                return meant[0] if meant else None

        def lower(context: Any, builder: Any, chosen: Any, values: Any) -> Any:
            meant = meaning(*chosen.args)
            assert meant is not None
            made = meant[1](context, builder, *values)
            return context.get_dummy_value() if made is None else made

        infer_global(word)(Template)
        anything = types.VarArg(types.Any)  # type: ignore[attr-defined]  # it is there
        lower_builtin(word, *(asked or (anything,)))(lower)
        return meaning

    return register


def _call(builder: Any, name: str, result: ir.Type, *values: Any) -> Any:
    function = ir.FunctionType(result, [value.type for value in values])
    return builder.call(cgutils.get_or_insert_function(builder.module, function, name), values)


def _shuffled(builder: Any, a: Any, b: Any, order: list[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), len(order)), order))


def _splat(builder: Any, vector: ir.VectorType, value: Any) -> Any:
    nothing = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return _shuffled(builder, one, nothing, [0] * vector.count)


def _constant(vector: ir.VectorType, number: int) -> ir.Constant:
    return ir.Constant(vector, [number] * vector.count)


def _pieces(builder: Any, value: Any, count: int) -> list[Any]:
    lanes = value.type.count // count
    return [_shuffled(builder, value, value, list(range(k * lanes, (k + 1) * lanes))) for k in range(count)]


def _joined(builder: Any, pieces: list[Any]) -> Any:
    while len(pieces) > 1:
        order = list(range(2 * pieces[0].type.count))
        pieces = [_shuffled(builder, a, b, order) for a, b in zip(pieces[::2], pieces[1::2], strict=True)]
    return pieces[0]


def _instruction(builder: Any, names: dict[int, str], result: ir.VectorType, *values: Any) -> Any:
    """Call the widest instruction that the host has, of those named by their size in bytes; None if it has none."""
    needed = {64: "avx512bw", 32: "avx2", 16: "ssse3"}
    size = next((size for size in names if size <= BYTES and host_has(needed[size])), None)
    if size is None:
        return None
    parts = BYTES // size
    part = ir.VectorType(result.element, result.count // parts)
    cut = zip(*[_pieces(builder, value, parts) for value in values], strict=True)
    return _joined(builder, [_call(builder, names[size], part, *each) for each in cut])


def _address(context: Any, builder: Any, array: Any, value: Any, index: Any, seen: ir.Type) -> Any:
    place = builder.gep(make_array(array)(context, builder, value).data, [index])
    return builder.bitcast(place, ir.PointerType(seen))


def _read(builder: Any, place: Any, seen: ir.Type) -> Any:
    value = builder.load(place, typ=seen)
    value.align = 1
    return value


def _write(builder: Any, value: Any, place: Any) -> None:
    builder.store(value, place).align = 1


def _widened(builder: Any, value: Any, target: ir.VectorType, signed: bool) -> Any:
    return (builder.sext if signed else builder.zext)(value, target)


@_means(load)
def _load(kind: Any, array: Any, _index: Any) -> Any:
    seen = kind.vector.llvm

    def read(context: Any, builder: Any, _kind: Any, value: Any, at: Any) -> Any:
        return _read(builder, _address(context, builder, array, value, at, seen), seen)

    return kind.vector(kind, array, types.intp), read


@_means(store)
def _store(array: Any, _index: Any, vector: Any) -> Any:
    def write(context: Any, builder: Any, value: Any, at: Any, lanes: Any) -> None:
        _write(builder, lanes, _address(context, builder, array, value, at, vector.llvm))

    return types.void(array, types.intp, vector), write


@_means(store_past)
def _store_past(array: Any, _index: Any, vector: Any) -> Any:
    def write(context: Any, builder: Any, value: Any, at: Any, lanes: Any) -> None:
        stored = builder.store(lanes, _address(context, builder, array, value, at, vector.llvm))
        stored.align = BYTES
        stored.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)]))

    return types.void(array, types.intp, vector), write


@_means(settle)
def _settle() -> Any:
    return types.void(), lambda _, builder: builder.fence("seq_cst") and None


@_means(load_rows)
def _load_rows(kind: Any, array: Any, _index: Any, _stride: Any) -> Any:
    vector = kind.vector
    block = ir.VectorType(vector.llvm.element, vector.lanes // BLOCKS)

    def read(context: Any, builder: Any, _kind: Any, value: Any, at: Any, stride: Any) -> Any:
        rows = []
        for _ in range(BLOCKS):
            rows.append(_read(builder, _address(context, builder, array, value, at, block), block))
            at = builder.add(at, stride)
        return _joined(builder, rows)

    return vector(kind, array, types.intp, types.intp), read


def _stored_in_parts(word: Any, parts: int) -> None:
    @_means(word)
    def _(array: Any, _index: Any, vector: Any, which: Any) -> Any:
        if not isinstance(which, types.IntegerLiteral):
            return None
        lanes = vector.lanes // parts
        order = list(range(which.literal_value * lanes, (which.literal_value + 1) * lanes))

        def write(context: Any, builder: Any, value: Any, at: Any, whole: Any, _which: Any) -> None:
            piece = _shuffled(builder, whole, whole, order)
            _write(builder, piece, _address(context, builder, array, value, at, piece.type))

        return types.void(array, types.intp, vector, which), write


_stored_in_parts(store_block, BLOCKS)
_stored_in_parts(store_half, 2)


@_means(load_wide)
def _load_wide(kind: Any, array: Any, _index: Any) -> Any:
    seen = ir.VectorType(ir.IntType(array.dtype.bitwidth), kind.vector.lanes)

    def read(context: Any, builder: Any, _kind: Any, value: Any, at: Any) -> Any:
        narrow = _read(builder, _address(context, builder, array, value, at, seen), seen)
        if kind.vector.is_float:
            return (builder.sitofp if array.dtype.signed else builder.uitofp)(narrow, kind.vector.llvm)
        return _widened(builder, narrow, kind.vector.llvm, array.dtype.signed)

    return kind.vector(kind, array, types.intp), read


@_means(store_narrow)
def _store_narrow(array: Any, _index: Any, vector: Any) -> Any:
    seen = ir.VectorType(ir.IntType(array.dtype.bitwidth), vector.lanes)

    def write(context: Any, builder: Any, value: Any, at: Any, lanes: Any) -> None:
        _write(builder, builder.trunc(lanes, seen), _address(context, builder, array, value, at, seen))

    return types.void(array, types.intp, vector), write


@_means(several)
def _several(array: Any, count: Any) -> Any:
    if not isinstance(count, types.IntegerLiteral):
        return None
    result = types.UniTuple(array.dtype, count.literal_value)  # type: ignore[attr-defined]  # it is there

    def read(context: Any, builder: Any, value: Any, _count: Any) -> Any:
        data = make_array(array)(context, builder, value).data
        places = [builder.gep(data, [context.get_constant(types.intp, at)]) for at in range(result.count)]
        return cgutils.pack_array(builder, [builder.load(place) for place in places])

    return result(array, count), read


@_means(fill)
def _fill(kind: Any, _number: Any) -> Any:
    def splat(_context: Any, builder: Any, _kind: Any, value: Any) -> Any:
        return _splat(builder, kind.vector.llvm, value)

    return kind.vector(kind, kind.vector.element), splat


@_means(reinterpret)
def _reinterpret(kind: Any, _vector: Any) -> Any:
    def cast(_context: Any, builder: Any, _kind: Any, value: Any) -> Any:
        return builder.bitcast(value, kind.vector.llvm)

    return kind.vector(kind, _vector), cast


def _same(vector: Any, *others: Any) -> bool:
    return isinstance(vector, _VectorType) and all(vector == other for other in others)


def _lane_by_lane(word: Any, integers: tuple[str, str], floats: str = "") -> None:
    """Let a word of two vectors be LLVM's intrinsic for signed integers, unsigned ones, or floats."""

    @_means(word)
    def _(vector: Any, other: Any) -> Any:
        name = floats if vector.is_float else integers[0 if vector.signed else 1]
        if not _same(vector, other) or not name:
            return None

        def call(_context: Any, builder: Any, a: Any, b: Any) -> Any:
            return _call(builder, f"llvm.{name}.{vector.suffix}", vector.llvm, a, b)

        return vector(vector, other), call


_lane_by_lane(minimum, ("smin", "umin"), "minnum")
_lane_by_lane(maximum, ("smax", "umax"), "maxnum")
_lane_by_lane(add_saturated, ("sadd.sat", "uadd.sat"))


def _operation(word: Any, integers: str, floats: str = "") -> None:
    @_means(word, _VectorType, _VectorType)
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
    @_means(word, _VectorType, types.Integer)
    def _(vector: Any, bits: Any) -> Any:
        if not isinstance(vector, _VectorType) or vector.is_float or not isinstance(bits, types.Integer):
            return None

        def shift(_context: Any, builder: Any, value: Any, by: Any) -> Any:
            shifts = _splat(builder, vector.llvm, by)
            return getattr(builder, signed if vector.signed else unsigned)(value, shifts)

        return vector(vector, vector.element), shift


_shift(operator.lshift, "shl", "shl")
_shift(operator.rshift, "ashr", "lshr")


def _of_floats(word: Any, name: str) -> None:
    @_means(word)
    def _(*vectors: Any) -> Any:
        vector = vectors[0]
        if not _same(*vectors) or not vector.is_float:
            return None

        def call(_context: Any, builder: Any, *values: Any) -> Any:
            return _call(builder, f"llvm.{name}.{vector.suffix}", vector.llvm, *values)

        return vector(*vectors), call


_of_floats(multiply_add, "fma")
_of_floats(square_root, "sqrt")
_of_floats(round_even, "rint")


@_means(to_float)
def _to_float(vector: Any) -> Any:
    floats = vector.of(types.float32)
    return floats(vector), lambda _, builder, value: builder.sitofp(value, floats.llvm)


@_means(to_int)
def _to_int(vector: Any) -> Any:
    whole = vector.of(types.int32)
    return whole(vector), lambda _, builder, value: builder.fptosi(value, whole.llvm)


@_means(multiply_high)
def _multiply_high(vector: Any, other: Any) -> Any:
    if not _same(vector, other) or vector.element.bitwidth != 16:
        return None
    wide = ir.VectorType(ir.IntType(32), vector.lanes)

    def high(_context: Any, builder: Any, a: Any, b: Any) -> Any:
        product = builder.mul(_widened(builder, a, wide, vector.signed), _widened(builder, b, wide, vector.signed))
        return builder.trunc(builder.lshr(product, _constant(wide, 16)), vector.llvm)

    return vector(vector, other), high


def _in_blocks(word: Any, half: int) -> None:
    @_means(word)
    def _(vector: Any, other: Any) -> Any:
        if not _same(vector, other):
            return None
        lanes = vector.lanes // BLOCKS
        starts = [block * lanes + half * lanes // 2 for block in range(BLOCKS)]
        order = [
            lane + which for start in starts for lane in range(start, start + lanes // 2) for which in (0, vector.lanes)
        ]
        return vector(vector, other), lambda _, builder, a, b: _shuffled(builder, a, b, order)


_in_blocks(unpack_low, 0)
_in_blocks(unpack_high, 1)


@_means(shuffle)
def _shuffle(vector: Any, order: Any) -> Any:
    picked = [index if index >= 0 else 16 for index in order.lanes]
    lanes = [index % 16 + 16 * block if index < 16 else BYTES for block in range(BLOCKS) for index in picked]

    def pick(_context: Any, builder: Any, value: Any, _order: Any) -> Any:
        return _shuffled(builder, value, _constant(vector.llvm, 0), lanes)

    return vector(vector, order), pick


@_means(permute)
def _permute(vector: Any, other: Any, order: Any) -> Any:
    if not _same(vector, other):
        return None
    return vector(vector, other, order), lambda _, builder, a, b, __: _shuffled(builder, a, b, list(order.lanes))


@_means(madd)
def _madd(vector: Any, other: Any) -> Any:
    if not _same(vector, other) or vector.element != types.int16:
        return None
    sums = vector.of(types.int32)
    return sums(vector, other), lambda _, builder, a, b: _added_products(builder, sums.llvm, a, b)


def _added_products(builder: Any, sums: ir.VectorType, a: Any, b: Any) -> Any:
    names = {64: "llvm.x86.avx512.pmaddw.d.512", 32: "llvm.x86.avx2.pmadd.wd", 16: "llvm.x86.sse2.pmadd.wd"}
    made = _instruction(builder, names, sums, a, b)
    return made or _neighbours_added(builder, sums, a, b, (True, True))


def _neighbours_added(builder: Any, sums: ir.VectorType, a: Any, b: Any, signed: tuple[bool, bool]) -> Any:
    products = []
    for first in (0, 1):
        lanes = list(range(first, 2 * sums.count, 2))
        x = _widened(builder, _shuffled(builder, a, a, lanes), sums, signed[0])
        y = _widened(builder, _shuffled(builder, b, b, lanes), sums, signed[1])
        products.append(builder.mul(x, y))
    return builder.add(*products)


_MADD_BYTES = {
    64: "llvm.x86.avx512.pmaddubs.w.512",
    32: "llvm.x86.avx2.pmadd.ub.sw",
    16: "llvm.x86.ssse3.pmadd.ub.sw.128",
}


@_means(madd_bytes)
def _madd_bytes(vector: Any, other: Any) -> Any:
    if (vector.element, other.element) != (types.uint8, types.int8):
        return None
    sums = vector.of(types.int16)

    def multiply(_context: Any, builder: Any, a: Any, b: Any) -> Any:
        made = _instruction(builder, _MADD_BYTES, sums.llvm, a, b)
        return made or _neighbours_added(builder, sums.llvm, a, b, (False, True))

    return sums(vector, other), multiply


@_means(dot4)
def _dot4(total: Any, vector: Any, other: Any) -> Any:
    if (total.element, vector.element, other.element) != (types.int32, types.uint8, types.int8):
        return None
    return total(total, vector, other), _add_four_products


def _add_four_products(_context: Any, builder: Any, total: Any, a: Any, b: Any) -> Any:
    if host_has("avx512vnni") and BYTES == 64:
        a, b = builder.bitcast(a, total.type), builder.bitcast(b, total.type)
        return _call(builder, "llvm.x86.avx512.vpdpbusd.512", total.type, total, a, b)
    words = ir.VectorType(ir.IntType(16), total.type.count * 2)
    eight = _constant(words, 8)
    a, b = builder.bitcast(a, words), builder.bitcast(b, words)
    even = _added_products(
        builder, total.type, builder.and_(a, _constant(words, 255)), builder.ashr(builder.shl(b, eight), eight)
    )
    odd = _added_products(builder, total.type, builder.lshr(a, eight), builder.ashr(b, eight))
    return builder.add(total, builder.add(even, odd))


@_means(dot4_small)
def _dot4_small(total: Any, vector: Any, other: Any) -> Any:
    if (total.element, vector.element, other.element) != (types.int32, types.uint8, types.int8):
        return None
    words = vector.of(types.int16).llvm

    def multiply(context: Any, builder: Any, value: Any, a: Any, b: Any) -> Any:
        if host_has("avx512vnni") and BYTES == 64:
            return _add_four_products(context, builder, value, a, b)
        pairs = _instruction(builder, _MADD_BYTES, words, a, b) or _neighbours_added(
            builder, words, a, b, (False, True)
        )
        return builder.add(value, _added_products(builder, value.type, pairs, _constant(words, 1)))

    return total(total, vector, other), multiply


@_means(pack)
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
        made = _instruction(builder, names, packed.llvm, a, b)
        if made is not None:
            return made
        lanes = vector.lanes // BLOCKS
        order = [
            k + which
            for at in range(0, vector.lanes, lanes)
            for which in (0, vector.lanes)
            for k in range(at, at + lanes)
        ]
        both = _shuffled(builder, a, b, order)
        suffix = f"v{both.type.count}i{vector.element.bitwidth}"
        both = _call(builder, f"llvm.smax.{suffix}", both.type, both, _constant(both.type, low))
        both = _call(builder, f"llvm.smin.{suffix}", both.type, both, _constant(both.type, high))
        return builder.trunc(both, packed.llvm)

    return packed(vector, other), saturate
