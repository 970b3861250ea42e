"""A column whose text grows only as far as everything else stays in sight, the buttons above all."""

from __future__ import annotations

from textual.containers import Vertical
from textual.screen import Screen


class FittedColumn(Vertical):
    """Children of class ``fitted`` give way (and scroll), those of class ``spare`` take what is left."""

    async def on_mount(self) -> None:
        """Settle again whenever something was laid out: a list may have grown, a complaint may have come."""
        self.screen.screen_layout_refresh_signal.subscribe(self, self._laid_out)

    def _laid_out(self, _screen: Screen[object]) -> None:
        """Settle how high the text may be."""
        if not self.size.height:
            return
        fixed = (each for each in self.children if not (each.has_class("fitted") or each.has_class("spare")))
        taken = sum(each.outer_size.height + each.styles.margin.height for each in fixed if each.display)
        for body in self.children:
            if body.has_class("fitted"):
                most = max(self.size.height - taken - body.styles.margin.height, 1)
                if body.styles.max_height is None or body.styles.max_height.value != most:
                    body.styles.max_height = most
        self.settled()

    def settled(self) -> None:
        """Everything has its place; for columns that have more to say about it."""
