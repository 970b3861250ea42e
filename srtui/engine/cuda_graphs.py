"""CUDA graphs: one turn of an update, recorded once and from then on done by one call.

A small network on a fast GPU waits for Python, which starts hundreds of kernels of a few microseconds one by one. A
graph starts them all, the same kernels on the same memory, so that nothing changes but the time. What is recorded is
what an update repeats unchanged: both passes and the losses. Learning rates, gradients' way between ranks, Adam and the
average stay outside. Trouble in recording means that all is done call by call from then on, with a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from srtui.engine.stepper import Stepper

Turn = Callable[[Tensor, Tensor], Tensor]
"""Makes something of two batches, and adds gradients to a stepper."""

WARM_UP = 2
"""Times that a turn is done before it is recorded: cuDNN chooses its ways, and libraries take their memory."""


class Recorder(Protocol):
    """Records work on a device; tests have one for the CPU."""

    def beside(self) -> AbstractContextManager[None]:
        """Where work is done that will be recorded later."""

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """Take down what ``work`` does, without doing it; the result does it, each time on the same memory."""


class CudaRecorder:
    """Records on a stream of its own, as a GPU asks for; all graphs share their memory, for they run in turn."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call] # torch's annotations leave it out
        self._pool = torch.cuda.graph_pool_handle()

    @contextmanager
    def beside(self) -> Iterator[None]:
        """On the stream that records: what libraries keep for each stream is made before."""
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        try:
            with torch.cuda.stream(self._stream):
                yield
        finally:  # after an error too, all is begun again on the current stream
            current.wait_stream(self._stream)

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """Take down what ``work`` does, without doing it.

        Only this thread must keep to what may be recorded: the others go on pinning memory and cutting crops.
        """
        graph = torch.cuda.CUDAGraph()
        current = torch.cuda.current_stream(self._device)
        try:
            # Older torch stays on the recording stream if it cannot end what has failed.
            with (
                torch.cuda.stream(current),
                torch.cuda.graph(graph, self._pool, self._stream, capture_error_mode="thread_local"),
            ):
                work()
        except BaseException:  # whatever ended it: it is cleaned up, and raised again
            # And it goes on to take memory for the graph, and never looks for unused memory of others again.
            with suppress(RuntimeError, AttributeError):  # it did end; or another torch calls it otherwise
                torch._C._cuda_endAllocateToPool(self._device.index, self._pool)
            raise
        return graph.replay


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """A turn's graph, and the memory that it reads and writes."""

    inputs: list[Tensor]
    made: Tensor
    gradients: Sequence[Tensor | None]
    replay: Callable[[], None]


class CudaGraphs:
    """
    The turns of a stage's updates, recorded if that works.

    Parameters
    ----------
    recorder
        None: nothing is recorded.
    alarm
        Told, in words, why what was to be recorded is not.
    """

    def __init__(self, recorder: Recorder | None, *, alarm: Callable[[str], None]) -> None:
        self._recorder, self._alarm = recorder, alarm
        self._done = Counter[str]()
        self._recorded: dict[str, _Recorded] = {}
        self._recording = False

    def do(self, name: str, turn: Turn, stepper: Stepper, left_bchw: Tensor, right_bchw: Tensor) -> Tensor:
        """
        Do a turn: as it is at first, then by its graph.

        Parameters
        ----------
        name
            Turns of one name have the same kernels, shapes and numbers.
        stepper
            Whose gradients the turn makes; it holds none.

        Returns
        -------
        What the turn gives; a recorded one writes it to the same memory the next time.
        """
        if self._recorder is None:
            return turn(left_bchw, right_bchw)
        if self._done[name] < WARM_UP:
            with self._recorder.beside():
                made = turn(left_bchw, right_bchw)
            self._done[name] += 1
            return made
        self._recording = name not in self._recorded
        if self._recording:
            self._recorded[name] = _record(self._recorder, turn, stepper, left_bchw, right_bchw)
        recorded = self._recorded[name]
        torch._foreach_copy_(recorded.inputs, [left_bchw, right_bchw])
        recorded.replay()
        self._recording = False
        stepper.gradients = recorded.gradients
        return recorded.made

    def give_up(self, error: BaseException) -> bool:
        """Record nothing more after an error in recording; False if it did not come from there."""
        if not self._recording:
            return False
        while error.__context__ is not None:  # where it began: a recording that failed cannot be ended either
            error = error.__context__
        self.forget()
        self._recorder, self._recording = None, False
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        self._alarm(f"recording the updates as CUDA graphs failed, so they are done call by call: {reason}")
        return True

    def forget(self) -> None:
        """Give the graphs' memory back; turns are recorded anew when they come again."""
        self._recorded.clear()


def _record(recorder: Recorder, turn: Turn, stepper: Stepper, left_bchw: Tensor, right_bchw: Tensor) -> _Recorded:
    inputs, made = [left_bchw.clone(), right_bchw.clone()], list[Tensor]()
    replay = recorder.record(lambda: made.append(turn(*inputs)))
    return _Recorded(inputs=inputs, made=made[0], gradients=stepper.gradients, replay=replay)


def recorder_for(device: torch.device) -> Recorder | None:
    """What records on ``device``; None where there are no graphs."""
    return CudaRecorder(device) if device.type == "cuda" else None
