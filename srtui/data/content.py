"""The content digest: the same for the same keys and values, however LMDB has laid them out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from srtui.data.datasets import Content
from srtui.data.entries import Picture
from srtui.data.store import StoreReader

SIZE = 16
"""Bytes of a digest."""


class StoreSum:
    """What one pass over a store adds up.

    Attributes
    ----------
    pictures
        How many there were.
    bytes
        Of all values.
    """

    def __init__(self) -> None:
        self.pictures = 0
        self.bytes = 0
        self._digest = hashlib.blake2b(digest_size=SIZE)

    def read(self, reader: StoreReader) -> Iterator[tuple[str, Picture]]:
        """Keys and values of the store, in order, adding up what passes by."""
        for key, value in reader.values():
            self._digest.update(key.encode("ascii"))
            self._digest.update(value.data)
            self.pictures += key.endswith("/gt")
            self.bytes += value.size
            yield key, value

    @property
    def digest(self) -> str:
        """BLAKE2b over the keys and values that were read."""
        return self._digest.hexdigest()


def content_of(train: StoreSum, val: StoreSum) -> Content:
    """Digests of both stores, and of the dataset: BLAKE2b over those two."""
    both = hashlib.blake2b(f"train {train.digest}\nval {val.digest}\n".encode(), digest_size=SIZE)
    return Content(all=both.hexdigest(), train=train.digest, val=val.digest)
