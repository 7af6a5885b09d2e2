"""`flakeguard manifest`: print the manifest that creates the Slack app."""

from __future__ import annotations

import json

import click

from bot.slack import manifest as slack_manifest


@click.group()
def manifest() -> None:
    """Print a configuration for another service."""


@manifest.command()
@click.option("--url", help="The URL at which Slack reaches FlakeGuard, such as https://flakeguard.example.")
@click.option("--socket-mode", is_flag=True, help="FlakeGuard opens the connection; for bots without a public URL.")
@click.option("--many-workspaces", is_flag=True, help="Workspaces and organisations can install it by OAuth.")
def slack(url: str | None, socket_mode: bool, many_workspaces: bool) -> None:
    """Print the manifest of the Slack app; paste it at https://api.slack.com/apps?new_app=1."""
    if url is not None and not url.startswith(("https://", "http://")):
        message = "--url must begin with https://"
        raise click.UsageError(message)
    if url is None and (many_workspaces or not socket_mode):
        message = "Slack needs a URL: add --url https://…, or --socket-mode for a bot without one."
        raise click.UsageError(message)
    document = slack_manifest.manifest(url, socket_mode=socket_mode, distributed=many_workspaces)
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
