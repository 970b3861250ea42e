"""Several ranks: tensors over torch.distributed, everything else over the lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

import torch
import torch.distributed as dist
from torch import Tensor

from srtui.engine.ranks.lines import Lines

BUCKET = 2**23
"""Numbers that are averaged at once (32 MiB of float32): while one bucket is on its way, the next is packed."""


class Many:
    """One rank of several, once its process group is there.

    See `Ranks` for what the words mean.
    """

    def __init__(self, rank: int, count: int, lines: Lines, device: torch.device) -> None:
        self.rank, self.count = rank, count
        self.device, self.threads = device, 1
        self._lines = lines

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its mean over the ranks, on the device; equal to the last bit on all of them.

        Buckets are made of the tensors in the order given, always the same, so that a resumed run adds in the order of
        an uninterrupted one. DistributedDataParallel sorts its buckets anew, by the order in which gradients arrived,
        after the first update of every start (pytorch/pytorch#35137): with three ranks and more, sums over a ring are
        then rounded differently after a resume.
        """
        with self._loss_explained():
            under_way = [(bucket, *self._begin(bucket)) for bucket in _buckets(tensors)]
            for bucket, flat, work in under_way:
                work.wait()
                _unpack(flat.div_(self.count), bucket)

    def _begin(self, bucket: Sequence[Tensor]) -> tuple[Tensor, dist.Work]:
        flat = _pack(bucket)
        work = dist.all_reduce(flat, op=dist.ReduceOp.SUM, async_op=True)
        assert work is not None  # it is asynchronous, and this process is in the group
        return flat, work

    def follow(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by rank 0's, on the device."""
        with self._loss_explained():
            for bucket in _buckets(tensors):
                flat = _pack(bucket)
                dist.broadcast(flat, src=0)
                _unpack(flat, bucket)

    def agree(self, wish: bool) -> bool:
        """Whether rank 0 says so; rank 0 does not wait for the others."""
        return self._share("agree", b"1" if wish else b"") == b"1"

    def any(self, wish: bool) -> bool:
        """Whether any rank says so; waits for all."""
        wishes = self._gather("any", b"1" if wish else b"")
        return self._share("any", b"1" if b"1" in wishes else b"") == b"1"

    def share(self, content: bytes) -> bytes:
        """What rank 0 gives."""
        return self._share("share", content)

    def gather(self, content: bytes) -> list[bytes]:
        """What every rank gives, in the order of ranks; only rank 0 gets it."""
        return self._gather("gather", content)

    def _share(self, word: str, content: bytes) -> bytes:
        self._lines.check()
        if self.rank == 0:
            self._lines.send(word, content)
            return content
        (received,) = self._lines.receive(word)
        return received

    def _gather(self, word: str, content: bytes) -> list[bytes]:
        self._lines.check()
        if self.rank == 0:
            return [content, *self._lines.receive(word)]
        self._lines.send(word, content)
        return []

    @contextmanager
    def _loss_explained(self) -> Iterator[None]:
        """Give the reason where torch only says that a connection was closed."""
        try:
            yield
        except RuntimeError as error:
            why = self._lines.explain(error)
            if why is error:
                raise
            raise why from error


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Neighbours of one type, up to `BUCKET` numbers together."""
    for _, group in groupby(tensors, key=_dtype):
        bucket, size = list[Tensor](), 0
        for tensor in group:
            if bucket and size + tensor.numel() > BUCKET:
                yield bucket
                bucket, size = [], 0
            bucket.append(tensor)
            size += tensor.numel()
        yield bucket


def _dtype(tensor: Tensor) -> torch.dtype:
    return tensor.dtype


def _pack(bucket: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.detach().reshape(-1) for tensor in bucket])


def _unpack(flat: Tensor, bucket: Sequence[Tensor]) -> None:
    parts = torch.split(flat, [tensor.numel() for tensor in bucket])
    with torch.no_grad():
        torch._foreach_copy_(list(bucket), [part.view_as(to) for part, to in zip(parts, bucket, strict=True)])
