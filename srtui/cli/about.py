"""Commands about the machine and what srtui ships: doctor, profiles; and the way into the wizard."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from srtui.cli import options
from srtui.errors import UsageError


def wizard() -> None:
    """Open the wizard, where there is a terminal that can show it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the wizard", "needs a terminal", hint="srtui --help lists the commands, which do not")
    if os.environ.get("TERM", "") in {"", "dumb"}:
        raise UsageError("the wizard", f"TERM is {os.environ.get('TERM')!r}", hint="srtui --help lists the commands")
    from srtui.app.app import run

    run()


@click.command()
@options.project
@options.as_json
@click.option("--quick", is_flag=True, help="Leave out the check that starts torch.")
def doctor(project: Path | None, as_json: bool, quick: bool) -> int:
    """Look at the machine: what it has, what is wrong, and the command that mends it."""
    from srtui.hardware import advise, probe, render

    report = probe.probe(project, check_torch=not quick)
    advice = advise.advise(report)
    click.echo(render.to_json(report, advice) if as_json else render.to_text(report, advice))
    return 5 if advice.problems else 0


@click.command()
@click.argument("name", required=False)
@options.as_json
def profiles(name: str | None, as_json: bool) -> None:
    """List the shipped training profiles and degradations, or show one."""
    from srtui.config import shipped
    from srtui.config.reader import to_plain, to_yaml

    here = Path.cwd()
    training = {each: shipped.training_profile(each, here) for each in shipped.names("training")}
    degradations = {each: shipped.degradation(each, here) for each in shipped.names("degradation")}
    if name is not None:
        found = training.get(name) or degradations.get(name)
        if found is None:
            known = ", ".join([*training, *degradations])
            raise UsageError(name, "no such profile", hint=f"shipped: {known}")
        click.echo(json.dumps(to_plain(found)) if as_json else to_yaml(found).rstrip())
    elif as_json:
        both = {
            "training": list(map(to_plain, training.values())),
            "degradation": list(map(to_plain, degradations.values())),
        }
        click.echo(json.dumps(both, ensure_ascii=False))
    else:
        for title, found_by_name in (("training", training), ("degradation", degradations)):
            click.echo(title)
            for each, found in found_by_name.items():
                click.echo(f"  {each:<18} {found.about}")


COMMANDS = (doctor, profiles)
