"""The documentation says what the code does."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from srtui.cli import cli

REPOSITORY = Path(__file__).resolve().parents[1]


def test_the_generated_pages_are_fresh() -> None:
    command = [sys.executable, "docs/make.py", "--check"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_setting_has_its_meaning() -> None:
    rows = [row for row in (REPOSITORY / "docs" / "settings.md").read_text().splitlines() if row.startswith("| `")]
    without = [row for row in rows if row.rstrip().endswith("|  |")]
    assert len(rows) > 40
    assert not without, "\n".join(without)


PAGES = sorted(
    str(path.relative_to(REPOSITORY)) for path in (*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md"))
)
BY_START = {"test", "check", "help"}
"""What only `./start` knows."""


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = REPOSITORY / page
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{page}: {target}"


@pytest.mark.parametrize("page", [page for page in PAGES if page != "docs/commands.md"])  # made from the commands
def test_the_commands_of_a_page_exist_with_their_options(page: str) -> None:
    for call in _calls((REPOSITORY / page).read_text(encoding="utf-8")):
        command, words = _command(shlex.split(call, comments=True))
        known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"--help"}
        unknown = [word for word in words if word.startswith("-") and word.partition("=")[0] not in known]
        assert not unknown, f"{page}: srtui {call}: {unknown}"


def _calls(text: str) -> Iterator[str]:
    """What stands behind `srtui` or `./start`, in blocks of code and between backticks."""
    blocks = "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```\w*\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    for line in (*blocks.splitlines(), *inline):
        if found := re.search(r"(?:^|[ ($])(?:srtui|\./start) ([a-z][^)|]*)", line):
            yield found[1]


def _command(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that is meant, and its arguments."""
    if words[0] in BY_START:
        return click.Command("start", params=[]), []
    command: click.Command = cli
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    assert command is not cli, f"no such command: {words[0]}"
    return command, words
