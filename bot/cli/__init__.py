"""The `flakeguard` command."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Final

import click

from bot.errors import FlakeGuardError

if TYPE_CHECKING:
    from bot import config

_MODULES: Final = ("inspect", "manifest", "rebuild", "replay", "scan")


class _Commands(click.Group):
    """The commands; those of `_MODULES` are imported on use, so that `inspect` starts without a database."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_MODULES])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(importlib.import_module(f"bot.cli.{cmd_name}"), cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="flakeguard-slack")
def cli() -> None:
    """Find, score, triage and quarantine flaky tests, in Slack."""


@cli.command()
def serve() -> None:
    """Run the bot: webhooks, Slack, worker and clock in one process."""
    from bot import process  # noqa: PLC0415  # the other commands start without it

    process.serve(_settings())


@cli.command()
def worker() -> None:
    """Run one more worker against the same database."""
    from bot import process  # noqa: PLC0415  # the other commands start without it

    process.work(_settings())


@cli.command()
def migrate() -> None:
    """Upgrade the database to the newest revision."""
    from bot import process  # noqa: PLC0415  # the other commands start without it

    process.migrate(_settings())
    click.echo("The database is up to date.")


@cli.command("demo")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(1, 65535), help="Port of the demo's page.")
def play_demo(port: int) -> None:
    """Run the bot with a simulated Slack and GitHub on this machine; no account is needed."""
    from bot import telemetry  # noqa: PLC0415  # the other commands start without it
    from bot.cli import demo as story  # noqa: PLC0415  # the other commands start without it

    telemetry.configure("WARNING", pretty=sys.stderr.isatty())
    story.run(port)


@cli.command()
def rotate_keys() -> None:
    """Store every Slack token under the first key of TOKEN_KEYS."""
    from bot import process  # noqa: PLC0415  # the other commands start without it

    number = process.rotate_keys(_settings())
    click.echo(f"Tokens stored under the first key: {number}. The other keys are no longer needed.")


@cli.command()
def new_key() -> None:
    """Make a key for TOKEN_KEYS."""
    from bot.store import vault  # noqa: PLC0415  # the other commands start without it

    click.echo(vault.new_key())


def main() -> None:
    """Run the command line; an error that the user can fix is one sentence and exit status 2."""
    try:
        cli(standalone_mode=True)
    except FlakeGuardError as error:
        click.echo(f"flakeguard: {error}", err=True)
        sys.exit(2)


def _settings() -> config.Settings:
    from bot import config, telemetry  # noqa: PLC0415  # the other commands start without them

    settings = config.load()
    telemetry.configure(settings.log_level.value, pretty=sys.stderr.isatty())
    return settings
