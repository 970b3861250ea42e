"""Step 1: what is here, what is wrong, and the exact command that mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from srtui.app.look import Glyphs
from srtui.app.machine import Machine
from srtui.app.project_view import ProjectView
from srtui.app.sheet import Block, Sheet, code, fact, item, text
from srtui.app.widgets.page import CONTINUE, Action, Page
from srtui.files import state_folder, write_whole

if TYPE_CHECKING:
    from srtui.hardware.finding import Finding

_SIGNS = {"problem": ("✗", "error"), "warning": ("!", "warning"), "note": ("·", "quiet")}
_ASCII = {"✗": "x", "·": "."}


class HardwarePage(Page):
    """The machine, judged."""

    step = "hardware"
    title = "Hardware"
    about = "What this machine has, what is wrong with it, and what that means for a training."
    words = (
        ("capability", "NVIDIA's number for what a GPU can do; 8.0 and more have bf16"),
        ("driver, CUDA", "the driver decides which builds of PyTorch run here"),
        (
            "run on, with",
            "what srtui will train on, and how; bf16 and channels-last are quicker",
        ),
        ("loader threads", "how many threads bring pictures to the network"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy command", id="hardware.copy"),
        Binding("r", "again", "Look again", id="hardware.again"),
    ]

    def __init__(self, view: ProjectView, glyphs: Glyphs, machine: Machine) -> None:
        super().__init__(view, glyphs)
        self.machine = machine
        self._copied = -1

    def facts(self) -> Sheet:
        """The machine, the advice, the findings."""
        machine = self.machine
        looking = (item(self.glyphs.running, f"looking: {machine.looking}", "quiet"), text()) if machine.looking else ()
        trouble = (code(machine.trouble, "error"), text()) if machine.trouble else ()
        wrong, notes = _findings(machine, self.glyphs)
        return (*looking, *trouble, *wrong, *_machine_facts(machine), *notes)

    def actions(self) -> tuple[Action, ...]:
        """Go on: nothing here has to be waited for."""
        return (CONTINUE,)

    def command(self) -> str:
        """The plain twin."""
        return "srtui doctor"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Copying needs something to copy."""
        return bool(commands(self.machine)) if action == "copy" else True

    def action_copy(self) -> None:
        """Copy the next command, and write all of them to a file."""
        found = commands(self.machine)
        self._copied = (self._copied + 1) % len(found)
        self.app.copy_to_clipboard(found[self._copied][1])
        path = state_folder() / "mend.sh"
        write_whole(path, script(found))
        count = f"{self._copied + 1} of {len(found)}: " if len(found) > 1 else ""
        self.say(f"copied {count}{found[self._copied][1]}\nall commands: {path}", "good")

    def action_again(self) -> None:
        """Look at the machine again."""
        self.post_message(self.Chosen("look"))


def commands(machine: Machine) -> list[tuple[str, str]]:
    """Facts with the command that mends each."""
    findings = machine.advice.findings if machine.advice else ()
    return [(finding.fact, finding.command) for finding in findings if finding.command]


def script(found: list[tuple[str, str]]) -> str:
    """Write the commands for a file, each below the fact that it mends."""
    return "\n".join(
        ["# what srtui found, and what mends it", *(f"\n# {fact}\n{command}" for fact, command in found), ""]
    )


def _machine_facts(machine: Machine) -> Sheet:
    if machine.report is None or machine.advice is None:
        return ()
    from srtui.hardware.render import facts

    machine_facts, settings = facts(machine.report, machine.advice)
    return tuple(fact(label, words) for label, words in (*machine_facts, *settings))


def _findings(machine: Machine, glyphs: Glyphs) -> tuple[Sheet, Sheet]:
    """What is wrong, for the top of the page; what is good to know, for its end."""
    wrong: list[Block] = []
    notes: list[Block] = []
    for finding in machine.advice.findings if machine.advice else ():
        if finding.severity == "note":
            notes += [text(), *_finding(finding, glyphs)]
        else:
            wrong += [*_finding(finding, glyphs), text()]
    return tuple(wrong), tuple(notes)


def _finding(finding: Finding, glyphs: Glyphs) -> Sheet:
    sign, kind = _SIGNS[finding.severity]
    sign = sign if glyphs.braille else _ASCII.get(sign, sign)
    fact_kind = "" if finding.severity == "note" else "strong"
    command = (code(f"  $ {finding.command}"),) if finding.command else ()
    return (item(sign, finding.fact, fact_kind, kind), item(" ", finding.meaning, "quiet"), *command)
