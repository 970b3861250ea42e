"""Vectors as Numba sees them: their types, how a word gets its meaning, and the pieces that meanings share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_constant
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import lower_builtin, models, register_model, typeof_impl
from numba.np.arrayobj import make_array

from srtui_kernels._vectors import BYTES, Kind, Order, host_has


class VectorType(types.Type):
    def __init__(self, element: Any, lanes: int) -> None:
        self.element, self.lanes = element, lanes
        self.is_float = isinstance(element, types.Float)
        self.signed = self.is_float or bool(element.signed)
        self.llvm = ir.VectorType(ir.FloatType() if self.is_float else ir.IntType(element.bitwidth), lanes)
        self.suffix = f"v{lanes}{'f' if self.is_float else 'i'}{element.bitwidth}"
        super().__init__(name=f"Vector({element}, {lanes})")

    def of(self, element: Any) -> VectorType:
        """Return the type of the same size with other elements."""
        return VectorType(element, self.lanes * self.element.bitwidth // element.bitwidth)


class _KindType(types.Type):
    def __init__(self, element: Any, lanes: int) -> None:
        self.vector = VectorType(element, lanes)
        super().__init__(name=f"Kind({element}, {lanes})")


class _OrderType(types.Type):
    def __init__(self, lanes: tuple[int, ...]) -> None:
        self.lanes = lanes
        super().__init__(name=f"Order{lanes}")


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]  # untyped in Numba
    def __init__(self, manager: Any, vector: VectorType) -> None:
        super().__init__(manager, vector, vector.llvm)


typeof_impl.register(Kind)(lambda kind, _: _KindType(kind.element, kind.lanes))
typeof_impl.register(Order)(lambda order, _: _OrderType(order.lanes))
for _constant_type in (_KindType, _OrderType):
    register_model(_constant_type)(models.OpaqueModel)
    lower_constant(_constant_type)(lambda context, *_: context.get_dummy_value())

Meaning = Callable[..., tuple[Any, Callable[..., Any]] | None]
"""Types of the arguments → (signature, (context, builder, values) → LLVM value); None where they do not fit."""


def means(word: Any, *asked: Any) -> Callable[[Meaning], Meaning]:
    """Let Numba compile calls of ``word`` as the decorated function says."""

    def register(meaning: Meaning) -> Meaning:
        class Template(AbstractTemplate):  # type: ignore[misc]  # untyped in Numba
            def generic(self, args: tuple[Any, ...], kws: Any) -> Any:
                if kws or (asked and not any(isinstance(each, VectorType) for each in args)):
                    return None
                meant = meaning(*args)
                return meant[0] if meant else None

        def lower(context: Any, builder: Any, chosen: Any, values: Any) -> Any:
            meant = meaning(*chosen.args)
            assert meant is not None
            _align_stack(builder.function.attributes)
            made = meant[1](context, builder, *values)
            return context.get_dummy_value() if made is None else made

        infer_global(word)(Template)
        anything = types.VarArg(types.Any)  # type: ignore[attr-defined]  # it is there
        lower_builtin(word, *(asked or (anything,)))(lower)
        return meaning

    return register


def _align_stack(attributes: Any) -> None:
    """
    Let vectors that find no register lie whole in cache lines; left alone, LLVM puts them at any 16 bytes of the stack.

    Where a process's stack began was then chance, and with it the speed: median 5×5 on AVX2, in twenty processes, 455
    to 973 megapixels a second; aligned, 896 to 988.
    """
    attributes.alignstack = BYTES
    attributes.add("nounwind")  # llvmlite writes an alignment only beside another attribute


def call_intrinsic(builder: Any, name: str, result: ir.Type, *values: Any) -> Any:
    function = ir.FunctionType(result, [value.type for value in values])
    return builder.call(cgutils.get_or_insert_function(builder.module, function, name), values)


def shuffled(builder: Any, a: Any, b: Any, order: list[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), len(order)), order))


def splat(builder: Any, vector: ir.VectorType, value: Any) -> Any:
    nothing = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return shuffled(builder, one, nothing, [0] * vector.count)


def constant(vector: ir.VectorType, number: int) -> ir.Constant:
    return ir.Constant(vector, [number] * vector.count)


def _pieces(builder: Any, value: Any, count: int) -> list[Any]:
    lanes = value.type.count // count
    return [shuffled(builder, value, value, list(range(k * lanes, (k + 1) * lanes))) for k in range(count)]


def joined(builder: Any, pieces: list[Any]) -> Any:
    while len(pieces) > 1:
        order = list(range(2 * pieces[0].type.count))
        pieces = [shuffled(builder, a, b, order) for a, b in zip(pieces[::2], pieces[1::2], strict=True)]
    return pieces[0]


def instruction(builder: Any, names: dict[int, str], result: ir.VectorType, *values: Any) -> Any:
    """Call the widest instruction that the host has, of those named by their size in bytes; None if it has none."""
    needed = {64: "avx512bw", 32: "avx2", 16: "ssse3"}
    size = next((size for size in names if size <= BYTES and host_has(needed[size])), None)
    if size is None:
        return None
    parts = BYTES // size
    part = ir.VectorType(result.element, result.count // parts)
    cut = zip(*[_pieces(builder, value, parts) for value in values], strict=True)
    return joined(builder, [call_intrinsic(builder, names[size], part, *each) for each in cut])


def address(context: Any, builder: Any, array: Any, value: Any, index: Any, seen: ir.Type) -> Any:
    place = builder.gep(make_array(array)(context, builder, value).data, [index])
    return builder.bitcast(place, ir.PointerType(seen))


def read_at(builder: Any, place: Any, seen: ir.Type) -> Any:
    value = builder.load(place, typ=seen)
    value.align = 1
    return value


def write_at(builder: Any, value: Any, place: Any) -> None:
    builder.store(value, place).align = 1


def widened(builder: Any, value: Any, target: ir.VectorType, signed: bool) -> Any:
    return (builder.sext if signed else builder.zext)(value, target)


def same(vector: Any, *others: Any) -> bool:
    return isinstance(vector, VectorType) and all(vector == other for other in others)
