"""The words of the vectors mean in machine code what they mean in NumPy, with instructions and without."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray
from srtui_kernels import _vectors as v

from tests.kernels import every_word, processes
from tests.kernels.every_word import Word
from tests.kernels.test_same_bytes import HOST, MACHINES
from tests.kernels.verbs import assert_same_bytes

Array = NDArray[Any]

FLOATS = v.f32.lanes
LAST_BLOCK = v.BLOCKS - 1
BYTES_AT_ODD_PLACES = np.random.default_rng(5).integers(0, 256, 3 + 64 * v.BYTES, dtype=np.uint8)[3:]


@pytest.mark.parametrize("word", every_word.WORDS, ids=str)
def test_words_of_lanes_are_numpys(word: Word) -> None:
    assert_same_bytes(word.run(), word.expected(), word)


@pytest.mark.parametrize("machine", ["AVX2", "no AVX"])
def test_instructions_and_portable_steps_give_the_same(machine: str) -> None:
    assert _of_another(machine) == every_word.digests(every=False)


@pytest.mark.exhaustive
@pytest.mark.parametrize("machine", list(MACHINES))
def test_every_word_gives_the_same_on_every_machine(machine: str) -> None:
    assert _of_another(machine, "--every") == every_word.digests(every=True)


def _of_another(machine: str, *arguments: str) -> dict[str, str]:
    features = MACHINES[machine].get("NUMBA_CPU_FEATURES", "").split(",")
    if missing := {feature[1:] for feature in features if feature and not HOST.get(feature[1:])}:
        pytest.skip(f"this processor lacks {', '.join(sorted(missing))}")
    done = processes.run("-m", "tests.kernels.every_word", *arguments, **MACHINES[machine])
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout))


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    done: Callable[..., None] = numba.njit(error_model="numpy")(function)
    return done


def test_shifts_keep_the_sign_of_signed_lanes() -> None:
    @compiled
    def shifts(a: Array, b: Array, out: Array, by: int) -> None:
        v.store(out, 0, v.reinterpret(v.u8, v.load(v.i16, a, 1) >> by))
        v.store(out, v.BYTES, v.reinterpret(v.u8, v.load(v.u16, b, 1) >> by))
        v.store(out, 2 * v.BYTES, v.reinterpret(v.u8, v.load(v.i16, a, 1) << by))

    signed, out = BYTES_AT_ODD_PLACES.view(np.int16), np.empty(3 * v.BYTES, np.uint8)
    unsigned = signed.view(np.uint16)
    part = slice(1, 1 + v.i16.lanes)
    for by in (0, 1, 7, 15):
        shifts(signed, unsigned, out, by)
        expected = [signed[part] >> by, unsigned[part] >> by, signed[part] << by]
        assert_same_bytes(out, np.concatenate([each.view(np.uint8) for each in expected]), by)


def test_blocks_are_read_and_written_where_they_lie() -> None:
    @compiled
    def copy(a: Array, out: Array, stride: int) -> None:
        rows = v.load_rows(v.u8, a, 5, stride)
        v.store_block(out, 3, rows, 0)
        v.store_block(out, 40, rows, 1)
        v.store_block(out, 80, rows, LAST_BLOCK)

    out = np.zeros(128, np.uint8)
    copy(BYTES_AT_ODD_PLACES, out, 33)
    expected = np.zeros(128, np.uint8)
    for place, block in ((3, 0), (40, 1), (80, LAST_BLOCK)):
        expected[place : place + 16] = BYTES_AT_ODD_PLACES[5 + block * 33 :][:16]
    assert_same_bytes(out, expected, "16 bytes of each row, and nothing else written")


def test_halves_are_written_where_they_belong() -> None:
    @compiled
    def swap(a: Array, out: Array) -> None:
        whole = v.load(v.u8, a, 3)
        v.store_half(out, 1, whole, 1)
        v.store_half(out, 1 + v.BYTES // 2, whole, 0)

    out = np.zeros(v.BYTES + 2, np.uint8)
    swap(BYTES_AT_ODD_PLACES, out)
    whole = BYTES_AT_ODD_PLACES[3 : 3 + v.BYTES]
    expected = np.concatenate([[0], whole[v.BYTES // 2 :], whole[: v.BYTES // 2], [0]]).astype(np.uint8)
    assert_same_bytes(out, expected, "the halves, exchanged")


def test_what_is_written_past_the_caches_is_there() -> None:
    @compiled
    def copy(a: Array, out: Array) -> None:
        v.store_past(out, 0, v.load(v.u8, a, 1))
        v.settle()

    room = np.zeros(2 * v.BYTES, np.uint8)
    out = room[-room.ctypes.data % v.BYTES :][: v.BYTES]
    copy(BYTES_AT_ODD_PLACES, out)
    assert_same_bytes(out, BYTES_AT_ODD_PLACES[1 : 1 + v.BYTES], "a vector")


def test_words_align_the_stack_of_the_function_that_says_them() -> None:
    @compiled
    def copy(a: Array, out: Array) -> None:
        v.store(out, 0, v.load(v.u8, a, 1))

    @compiled
    def first(a: Array) -> int:
        v.align_stack()
        return a[0]

    @compiled
    def second(a: Array) -> int:
        return a[1]

    copy(BYTES_AT_ODD_PLACES, np.zeros(v.BYTES, np.uint8))
    assert [first(BYTES_AT_ODD_PLACES), second(BYTES_AT_ODD_PLACES)] == BYTES_AT_ODD_PLACES[:2].tolist()
    aligned = [f"alignstack({v.BYTES})" in str(each.inspect_llvm()) for each in (copy, first, second)]
    assert aligned == [True, True, False]


def test_several_elements_are_a_tuple() -> None:
    @compiled
    def first_three(a: Array) -> tuple[int, ...]:
        return v.several(a, 3)

    assert first_three(np.array([5, -7, 9, 11], np.int32)) == (5, -7, 9)


@pytest.mark.parametrize("narrow", [np.uint8, np.int8, np.uint16, np.int16])
def test_wider_lanes_keep_the_value_and_narrower_ones_the_lower_bits(narrow: type) -> None:
    @compiled
    def widen(a: Array, whole: Array, floats: Array, back: Array) -> None:
        v.store(whole, 1, v.load_wide(v.i32, a, 1))
        v.store(floats, 1, v.load_wide(v.f32, a, 1))
        v.store_narrow(back, 1, v.load_wide(v.i32, a, 1) + v.fill(v.i32, np.int32(1 << 20)))

    lanes = v.i32.lanes
    values: Array = BYTES_AT_ODD_PLACES.view(narrow)
    whole, floats, back = np.zeros(lanes + 2, np.int32), np.zeros(lanes + 2, np.float32), np.zeros(lanes + 2, narrow)
    widen(values, whole, floats, back)
    assert_same_bytes(whole, np.pad(values[1 : 1 + lanes].astype(np.int32), 1), "whole")
    assert_same_bytes(floats, np.pad(values[1 : 1 + lanes].astype(np.float32), 1), "floats")
    assert_same_bytes(back, np.pad(values[1 : 1 + lanes], 1), "back")


TURNED_BLOCK = v.Order([15, 14, -1, 12, 0, 0, 1, 1, 2, -1, 3, 4, 5, 6, 7, 8])
MIXED_LANES = v.Order((5 * lane + 3) % (2 * v.u16.lanes) for lane in range(v.u16.lanes))
TURNED_PAIRS = v.Order(reversed(range(v.u64.lanes)))


def test_orders_say_where_lanes_come_from() -> None:
    @compiled
    def order(a: Array, out: Array) -> None:
        x, y = v.load(v.u8, a, 0), v.load(v.u8, a, v.BYTES)
        v.store(out, 0, v.shuffle(x, TURNED_BLOCK))
        v.store(out, v.BYTES, v.permute(v.reinterpret(v.u16, x), v.reinterpret(v.u16, y), MIXED_LANES))
        pairs = v.reinterpret(v.u64, x)
        v.store(out, 2 * v.BYTES, v.permute(pairs, pairs, TURNED_PAIRS))

    out = np.empty(3 * v.BYTES, np.uint8)
    order(BYTES_AT_ODD_PLACES, out)
    x, y = BYTES_AT_ODD_PLACES[: v.BYTES].copy(), BYTES_AT_ODD_PLACES[v.BYTES : 2 * v.BYTES].copy()
    with_zero = np.pad(x.reshape(-1, 16), ((0, 0), (0, 1)))
    shuffled = with_zero[:, list(TURNED_BLOCK.lanes)].reshape(-1)
    permuted = np.concatenate([x, y]).view(np.uint16)[list(MIXED_LANES.lanes)].view(np.uint8)
    turned = x.view(np.uint64)[::-1].copy().view(np.uint8)
    assert_same_bytes(out, np.concatenate([shuffled, permuted, turned]), "orders")


def test_bytes_are_picked_from_two_vectors_in_any_order() -> None:
    @compiled
    def order(a: Array, places: Array, out: Array) -> None:
        v.store(out, 0, v.pick(v.load(v.u8, a, 0), v.load(v.u8, a, v.BYTES), v.load(v.u8, places, 0)))
        signed = v.pick(v.load(v.i8, a, 0), v.load(v.i8, a, v.BYTES), v.load(v.u8, places, 0))
        v.store(out, v.BYTES, signed)

    places = np.random.default_rng(0).integers(0, 2 * v.BYTES, v.BYTES, np.uint8)
    places[:2] = 0, 2 * v.BYTES - 1
    out = np.empty(2 * v.BYTES, np.uint8)
    order(BYTES_AT_ODD_PLACES, places, out)
    assert_same_bytes(out, np.tile(BYTES_AT_ODD_PLACES[places], 2), "picked")


def test_any_place_may_be_asked_for() -> None:
    @compiled
    def ask(a: Array, index: int) -> None:
        v.prefetch(a, index)

    for index in (0, 63, -(1 << 20), 1 << 40):
        ask(BYTES_AT_ODD_PLACES, index)


def test_roots_are_correctly_rounded() -> None:
    @compiled
    def roots(a: Array, out: Array) -> None:
        for k in range(a.size // FLOATS):
            v.store(out, k * FLOATS, v.square_root(v.load(v.f32, a, k * FLOATS)))

    values = np.arange(0, 1 << 16, dtype=np.float32)
    out = np.empty_like(values)
    roots(values, out)
    assert_same_bytes(out, np.sqrt(values), "roots")


def test_nothing_else_is_a_lane() -> None:
    @compiled
    def mixed(a: Array, b: Array) -> None:
        v.store(a, 0, v.load(v.i16, a, 0) + v.load(v.i8, b, 0))

    with pytest.raises(numba.TypingError):
        mixed(np.zeros(64, np.int16), np.zeros(64, np.int8))


def test_the_features_of_the_asked_processor_count_and_not_those_of_the_host() -> None:
    code = "from srtui_kernels._vectors import BYTES, host_has; print(BYTES, host_has('avx2'), host_has('fma'))"
    assert processes.run("-c", code, **MACHINES["no AVX"]).stdout == "32 False False\n"
    assert processes.run("-c", code, **MACHINES["generic"]).stdout == "32 False False\n"
