"""The `flakeguard` command."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING, Final

import click

from bot.errors import FlakeGuardError, InvalidInputError

if TYPE_CHECKING:
    from bot import config

_MODULES: Final = ("inspect", "replay", "scan")


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
@click.argument("repositories", nargs=-1, metavar="[OWNER/REPO]…")
@click.option("--all", "every", is_flag=True, help="Score every known repository.")
def rebuild(repositories: tuple[str, ...], every: bool) -> None:
    """Score repositories again from their stored runs; the current scores stay in use until it is done.

    The scores only change if the model, the number of tests or the incidents have changed.
    """
    from bot import process  # noqa: PLC0415  # the other commands start without it

    if every == bool(repositories):
        message = "Name the repositories (owner/repo), or use --all."
        raise InvalidInputError(message)
    for name, runs in process.rebuild(_settings("WARNING"), repositories):
        click.echo(f"{name}: {runs:,} {'run' if runs == 1 else 'runs'} scored again.")


@cli.group()
def manifest() -> None:
    """Print a configuration for another service."""


@manifest.command()
@click.option("--url", help="The URL at which Slack reaches FlakeGuard, such as https://flakeguard.example.")
@click.option("--socket-mode", is_flag=True, help="FlakeGuard opens the connection; for bots without a public URL.")
@click.option("--many-workspaces", is_flag=True, help="Workspaces and organisations can install it by OAuth.")
def slack(url: str | None, socket_mode: bool, many_workspaces: bool) -> None:
    """Print the manifest of the Slack app; paste it at https://api.slack.com/apps?new_app=1."""
    from bot.slack import manifest as slack_manifest  # noqa: PLC0415  # the other commands start without it

    if url is not None and not url.startswith(("https://", "http://")):
        message = "--url must begin with https://"
        raise click.UsageError(message)
    if url is None and (many_workspaces or not socket_mode):
        message = "Slack needs a URL: add --url https://…, or --socket-mode for a bot without one."
        raise click.UsageError(message)
    document = slack_manifest.manifest(url, socket_mode=socket_mode, distributed=many_workspaces)
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


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


def _settings(log_level: str | None = None) -> config.Settings:
    from bot import config, telemetry  # noqa: PLC0415  # the other commands start without them

    settings = config.load()
    telemetry.configure(log_level or settings.log_level.value, pretty=sys.stderr.isatty())
    return settings
