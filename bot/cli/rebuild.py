"""`flakeguard rebuild`: score repositories again from their stored runs."""

from __future__ import annotations

import sys

import click

from bot import config, telemetry
from bot.errors import InvalidInputError


@click.command()
@click.argument("repositories", nargs=-1, metavar="[OWNER/REPO]…")
@click.option("--all", "everything", is_flag=True, help="Score every known repository.")
def rebuild(repositories: tuple[str, ...], everything: bool) -> None:
    """Score repositories again from their stored runs; the current scores stay in use until it is done.

    The scores only change if the model, the number of tests or the incidents have changed.
    """
    from bot import process  # noqa: PLC0415  # the other commands start without it

    if everything == bool(repositories):
        message = "Name the repositories (owner/repo), or use --all."
        raise InvalidInputError(message)
    settings = config.load()
    telemetry.configure("WARNING", pretty=sys.stderr.isatty())
    for name, runs in process.rebuild(settings, repositories):
        click.echo(f"{name}: {runs:,} {'run' if runs == 1 else 'runs'} scored again.")
