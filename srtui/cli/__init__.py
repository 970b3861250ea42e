"""The command line: each command parses its arguments and calls one function of a room below.

Data goes to stdout, narration to stderr. Nothing heavy is imported before a command needs it: ``srtui --help`` must
come in a blink.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

import srtui
from srtui.cli import about, estimate, footage, importing, job, model, preview, projects
from srtui.cli.following import INTERRUPTED
from srtui.errors import SrtuiError

_EPILOG = """
Exit codes: 0 done, or stopped on request; 1 failed; 2 usage or configuration; 3 nothing usable;
4 the machine (disk, GPU, driver); 5 checked, and the answer is no; 130 Ctrl-C.
"""


class _InOrder(click.Group):
    """Lists commands in the order of the work, under headings."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of commands."""
        for title, commands in _SECTIONS.items():
            with formatter.section(title):
                rows = [(command.name or "", command.get_short_help_str(120)) for command in commands]
                formatter.write_dl(rows, col_max=16)


_SECTIONS = {
    "The work": (*projects.COMMANDS, *estimate.COMMANDS),
    "Tapes": footage.COMMANDS,
    "Degradations": preview.COMMANDS,
    "Profiles": importing.COMMANDS,
    "Networks": model.COMMANDS,
    "Jobs": job.COMMANDS,
    "About": about.COMMANDS,
}


@click.group(
    cls=_InOrder,
    invoke_without_command=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
)
@click.version_option(srtui.__version__, prog_name="srtui")
@click.pass_context
def cli(context: click.Context) -> None:
    """Train a network on what a camcorder did to your pictures, and restore your tapes with it.

    Without a command, opens the wizard.
    """
    if context.invoked_subcommand is None:
        about.wizard()


for _command in (command for commands in _SECTIONS.values() for command in commands):
    cli.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Run one command; give the exit code."""
    try:
        result = cli.main(list(arguments), prog_name="srtui", standalone_mode=False)
    except SrtuiError as error:
        click.echo(str(error), err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output left (`srtui jobs | head`): nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return result if isinstance(result, int) else 0
