"""A stand-in for CUDA graphs on the CPU: takes down what torch does, operation by operation, and does it again.

As on a GPU, the same memory is read and written each time, Python is not asked again, nothing can be read while it is
taken down, and taking it down changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Tape(TorchDispatchMode):
    """Takes down what is done while it is the mode."""

    def __init__(self) -> None:
        super().__init__()
        self._steps: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []
        self._made = set[int]()
        self._before: dict[int, tuple[torch.UntypedStorage, torch.UntypedStorage]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.ops.aten._local_scalar_dense.default:
            raise RuntimeError("operation not permitted when stream is capturing\nand more lines")
        for argument, value in zip(func._schema.arguments, args, strict=False):
            if argument.alias_info is not None and argument.alias_info.is_write:
                self._remember(value)
        if func is torch.ops.aten.native_batch_norm.default:
            self._remember(args[3:5])  # running mean and variance: its schema does not say that it writes them
        result = func(*args, **kwargs)
        read = {_memory(each) for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)}
        fresh = [each for each in tree_leaves(result) if isinstance(each, Tensor) and _memory(each) not in read]
        self._made.update(map(_memory, fresh))
        self._steps.append((func, args, kwargs, result))
        return result

    def _remember(self, value: Any) -> None:
        for each in tree_leaves(value):
            if isinstance(each, Tensor) and _memory(each) not in self._made:
                memory = each.untyped_storage()
                self._before.setdefault(_memory(each), (memory, memory.clone()))

    def undo(self) -> None:
        """Let what was there before be as it was."""
        for now, before in self._before.values():
            now.copy_(before)

    @torch.no_grad()
    def replay(self) -> None:
        """Do it all."""
        for func, args, kwargs, result in self._steps:
            read = {_memory(each) for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)}
            for old, new in zip(tree_leaves(result), tree_leaves(func(*args, **kwargs)), strict=True):
                if isinstance(old, Tensor) and _memory(old) not in read:
                    old.detach().copy_(new)


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


class CpuRecorder:
    """What records on a CPU."""

    def __init__(self) -> None:
        self.recorded = self.replayed = 0

    @contextmanager
    def beside(self) -> Iterator[None]:
        yield

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        with Tape() as tape:
            work()
        tape.undo()
        self.recorded += 1

        def replay() -> None:
            self.replayed += 1
            tape.replay()

        return replay
