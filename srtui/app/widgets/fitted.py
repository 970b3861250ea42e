"""A column whose text grows only as far as everything else stays in sight, the buttons above all."""

from __future__ import annotations

from textual import events
from textual.containers import Vertical


class FittedColumn(Vertical):
    """Children of class ``fitted`` give way (and scroll), those of class ``spare`` take what is left."""

    def on_resize(self, event: events.Resize) -> None:
        """Settle how high the text may be."""
        fixed = (each for each in self.children if not (each.has_class("fitted") or each.has_class("spare")))
        taken = sum(max(each.outer_size.height, 1) + each.styles.margin.height for each in fixed)
        for body in self.children:
            if body.has_class("fitted"):
                body.styles.max_height = max(event.size.height - taken - body.styles.margin.height, 1)
