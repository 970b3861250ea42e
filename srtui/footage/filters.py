"""A chain of FFmpeg's filters: pictures in, pictures out."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import av.error
import av.filter


class Filters:
    """
    Filters one after another, in one thread.

    Parameters
    ----------
    image
        An av.VideoFrame that is like those to come.
    steps
        Name and arguments of each filter.
    """

    def __init__(self, image: Any, steps: Sequence[tuple[str, str]]) -> None:
        self._graph = graph = av.filter.Graph()
        graph.threads = 1
        last: Any = graph.add_buffer(
            width=image.width,
            height=image.height,
            format=image.format,
            time_base=image.time_base or Fraction(1, 1000),
        )
        for name, arguments in (*steps, ("buffersink", "")):
            following = graph.add(name, arguments)
            last.link_to(following)
            last = following
        graph.configure()

    def push(self, image: Any | None) -> list[Any]:
        """Put in a picture (None: that was all); gives what comes out by now."""
        self._graph.push(image)
        images = []
        while True:
            try:
                images.append(self._graph.pull())
            except (av.error.BlockingIOError, av.error.EOFError):  # noqa: PERF203 - how the end is told
                return images
