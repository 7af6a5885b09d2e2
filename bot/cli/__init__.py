"""The `flakeguard` command."""

from __future__ import annotations

import sys

import click

from bot import config, telemetry
from bot.cli import inspect, manifest, rebuild, replay, scan
from bot.errors import FlakeGuardError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="flakeguard")
def cli() -> None:
    """Find, score, triage and quarantine flaky tests, in Slack."""


@cli.command()
def serve() -> None:
    """Run the bot: webhooks, Slack, worker and clock in one process."""
    from bot import app  # noqa: PLC0415  # the other commands start without it

    app.serve(_settings())


@cli.command()
def worker() -> None:
    """Run one more worker against the same database."""
    from bot import app  # noqa: PLC0415  # the other commands start without it

    app.work(_settings())


@cli.command()
def migrate() -> None:
    """Bring the database to the newest revision."""
    from bot import app  # noqa: PLC0415  # the other commands start without it

    app.migrate(_settings())
    click.echo("The database is up to date.")


@cli.command("demo")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(1, 65535), help="Port of the page.")
def play_demo(port: int) -> None:
    """Play the whole story on this machine: a Slack, a GitHub and the bot, no account anywhere."""
    from bot.cli import demo as story  # noqa: PLC0415  # the other commands start without it

    telemetry.configure("WARNING", pretty=sys.stderr.isatty())
    story.run(port)


@cli.command()
def rotate_keys() -> None:
    """Store every Slack token under the first key of TOKEN_KEYS."""
    from bot import app  # noqa: PLC0415  # the other commands start without it

    number = app.rotate_keys(_settings())
    click.echo(f"Stored anew under the first key: {number}. The other keys are not needed any more.")


@cli.command()
def new_key() -> None:
    """Make a key for TOKEN_KEYS."""
    from bot.store import vault  # noqa: PLC0415  # the other commands start without it

    click.echo(vault.new_key())


cli.add_command(manifest.manifest)
cli.add_command(inspect.inspect)
cli.add_command(rebuild.rebuild)
cli.add_command(replay.replay)
cli.add_command(scan.scan)


def main() -> None:
    """Run the command line; an error the user can mend is one sentence and exit status 2."""
    try:
        cli(standalone_mode=True)
    except FlakeGuardError as error:
        click.echo(f"flakeguard: {error}", err=True)
        sys.exit(2)


def _settings() -> config.Settings:
    settings = config.load()
    telemetry.configure(settings.log_level.value, pretty=sys.stderr.isatty())
    return settings
