"""A few pictures that stand for all: in turn from every scenario, spread over its pictures."""

from __future__ import annotations

from itertools import zip_longest

from srtui.data.store import StoreReader


def spread_over_scenarios(reader: StoreReader, count: int) -> list[str]:
    """Up to ``count`` names of a store."""
    names: dict[str, list[str]] = {}
    for name in reader.names:
        names.setdefault(reader.scenario(name), []).append(name)
    share = -(-count // len(names)) if names else 0
    spread = [_spread(group, share) for _, group in sorted(names.items())]
    in_turn = [name for row in zip_longest(*spread) for name in row if name is not None]
    return in_turn[:count]


def _spread(names: list[str], count: int) -> list[str]:
    count = min(count, len(names))
    return [names[index * len(names) // count] for index in range(count)]
