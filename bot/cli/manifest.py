"""`flakeguard manifest`: the file that makes the Slack app."""

from __future__ import annotations

import json

import click

from bot.slack import manifest as slack_manifest


@click.group()
def manifest() -> None:
    """Print what another service has to know of FlakeGuard."""


@manifest.command()
@click.option("--url", help="The address Slack reaches FlakeGuard at, such as https://flakeguard.example.")
@click.option("--socket-mode", is_flag=True, help="Let FlakeGuard open the connection: for bots without an address.")
@click.option("--many-workspaces", is_flag=True, help="Let workspaces and organisations install it by OAuth.")
def slack(url: str | None, socket_mode: bool, many_workspaces: bool) -> None:
    """Print the manifest of the Slack app, to paste at https://api.slack.com/apps?new_app=1."""
    if url is not None and not url.startswith(("https://", "http://")):
        message = "--url must begin with https://"
        raise click.UsageError(message)
    if url is None and (many_workspaces or not socket_mode):
        message = "Slack needs the address: add --url https://…, or --socket-mode for a bot without one."
        raise click.UsageError(message)
    made = slack_manifest.manifest(url, socket_mode=socket_mode, distributed=many_workspaces)
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))
