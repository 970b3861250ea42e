"""What was decided about the pictures of a plan, one after another: number, side of the split, or refusal.

A picture can be judged only when it is decoded, and each is decoded once. So the plan says what shall be, and pictures
are decided about in its order as they come: refused, or given the next number; a copy of an earlier one joins its side
of the split; and where a picture for validation is refused, the next one that can takes its place. All of this depends
on the order only, never on threads or on where a kill fell.

Two files remember it. ``decisions.jsonl`` has a line for every picture with which it did not go as planned;
``signatures.bin`` the signature of each that was kept (likeness.py), by number. The first stays with the dataset, for
with the plan it says which line became which picture.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from srtui.config.project import Prepare
from srtui.data.datasets import PLAN
from srtui.data.likeness import SIGNATURE, LikenessIndex, Signature
from srtui.data.names import Split
from srtui.data.plan import Entry, Head, PlanLines, Refused, read_lines
from srtui.data.sources import PictureSource
from srtui.errors import SrtuiError
from srtui.jobs.events import EventWriter

DECISIONS = "decisions.jsonl"
SIGNATURES = "signatures.bin"
_SIDES: dict[Split, str] = {"train": "trained on", "val": "validated on"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a line of the plan."""

    line: int
    """Its number in the plan, from 0."""
    entry: Entry
    number: int = 0
    """Its name in the stores; 0 if it was refused."""
    split: Split
    reason: str = ""


def settled(folder: Path) -> Iterator[Settled | Refused]:
    """Lines of the plan with what was decided about them, as far as decisions.jsonl knows now.

    A picture about which it says nothing goes as planned: it gets the next number.
    """
    number, decisions = 0, _read(folder / DECISIONS)
    line, decision = next(decisions, (-1, {}))
    for index, planned in enumerate(read_lines(folder / PLAN)):
        if isinstance(planned, Refused):
            yield planned
            continue
        while 0 <= line < index:
            line, decision = next(decisions, (-1, {}))
        said = decision if line == index else {}
        if "reason" in said:
            yield Settled(line=index, entry=planned, split=planned.split, reason=said["reason"])
            continue
        number += 1
        split: Split = "val" if said.get("split", planned.split) == "val" else "train"
        yield Settled(line=index, entry=planned, number=number, split=split)


def _read(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Whole lines of the file, as long as it is now."""
    if not path.exists():
        return
    with path.open("rb") as file:
        left = os.fstat(file.fileno()).st_size
        for text in file:
            left -= len(text)
            if left < 0 or not text.endswith(b"\n"):
                return
            value = json.loads(text)
            yield value["line"], value


class Decisions:
    """Decides about pictures in the order of the plan, and remembers it.

    Parameters
    ----------
    validated
        How many sources are not for validation only.
    last
        Number of the last picture that is in a store; up to it, it is as it was decided then.
    """

    def __init__(
        self, folder: Path, head: Head, prepare: Prepare, sources: Sequence[PictureSource], validated: int, last: int
    ) -> None:
        self._folder, self._prepare, self._sources = folder, prepare, sources
        self._first_validated = validated
        self.last = last
        self.refused = 0
        self._owed = 0
        self._said = -1
        self._index = LikenessIndex(head.train + head.val)
        self._recall()
        self._lines = PlanLines(folder / PLAN)
        self._journal = EventWriter(folder / DECISIONS)
        self._signatures = os.open(folder / SIGNATURES, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._signatures, self.last * SIGNATURE.itemsize)
        os.lseek(self._signatures, 0, os.SEEK_END)

    def _recall(self) -> None:
        """Read what was decided about the pictures that are stored, and before the last of them."""
        path = self._folder / SIGNATURES
        known = np.fromfile(path, SIGNATURE, count=self.last) if path.exists() else np.zeros(0, SIGNATURE)
        if len(known) < self.last:
            fact = f"{self.last} pictures are stored, but it knows {len(known)}"
            raise SrtuiError(str(path), fact, hint="srtui prepare --fresh makes the dataset anew")
        for record in known:
            self._index.add(record.item())
        for each in settled(self._folder) if self.last else ():
            if isinstance(each, Settled):
                self._count(each)
                if each.number == self.last:
                    break
        for line, _ in _read(self._folder / DECISIONS):
            self._said = line

    def _count(self, each: Settled) -> None:
        planned, is_there = each.entry.split == "val", not each.reason and each.split == "val"
        self._owed += planned - is_there
        self.refused += bool(each.reason)

    def decide(self, line: int, entry: Entry, signature: Signature | None, reason: str) -> Settled:
        """Decide about the next picture: one with a signature is good in itself."""
        split = entry.split
        if signature is not None:
            split, reason = self._side(entry, signature)
        number = 0 if reason else self.last + 1
        decision = Settled(line=line, entry=entry, number=number, split=split, reason=reason)
        self._count(decision)
        self._remember(decision)
        if signature is not None and not reason:
            place = line << 1 | (split == "val")
            record = (signature.waves, signature.edges, signature.sum, place)
            self._index.add(record)
            os.write(self._signatures, np.array(record, SIGNATURE).tobytes())
            self.last = number
        return decision

    def _remember(self, decision: Settled) -> None:
        if decision.line <= self._said:
            return  # as the process before this one did
        if decision.reason:
            self._journal.write("refused", line=decision.line, reason=decision.reason)
        elif decision.split != decision.entry.split:
            self._journal.write("moved", line=decision.line, split=decision.split)

    def _side(self, entry: Entry, signature: Signature) -> tuple[Split, str]:
        """Side of the split, or a reason."""
        free = entry.source < self._first_validated and not entry.scene
        alike = self._index.alike(signature)
        if not len(alike):
            takes = self._owed > 0 and free and entry.split == "train" and self._first_validated == len(self._sources)
            return ("val" if takes else entry.split), ""
        equal = alike[(alike["waves"] == signature.waves) & (alike["sum"] == signature.sum)]
        paired, wanted = self._sources[entry.source].paired, self._prepare.checks.duplicates
        if len(equal) and wanted != "keep":
            return entry.split, f"the same as {self._name(equal[0])}"
        if wanted == "near" and not paired:
            return entry.split, f"nearly the same as {self._name(alike[0])}"
        sides: list[Split] = ["val" if place & 1 else "train" for place in alike["place"].tolist()]
        if set(sides) == {entry.split}:
            return entry.split, ""
        if free and len(set(sides)) == 1:
            return sides[0], ""
        other = next(index for index, side in enumerate(sides) if side != entry.split)
        return entry.split, f"nearly the same as {self._name(alike[other])}, which is {_SIDES[sides[other]]}"

    def _name(self, record: np.void) -> str:
        planned = self._lines[int(record["place"]) >> 1]
        return f"{planned.file} of {self._sources[planned.source].title}"

    def sync(self) -> None:
        """Bring everything to the disk: before a store's commit does."""
        with (self._folder / DECISIONS).open("rb") as journal:
            os.fsync(journal.fileno())
        os.fsync(self._signatures)

    def close(self) -> None:
        """Close the files."""
        self._journal.close()
        os.close(self._signatures)
        self._lines.close()


def forget(folder: Path) -> None:
    """Remove what only unfinished work needs."""
    (folder / SIGNATURES).unlink(missing_ok=True)
