"""``tasker tokens``: the API tokens of the server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from tasker.cli.printing import note, print_json
from tasker.cli.settings import Settings, output_options, pass_settings
from tasker.server.access.roles import DEFAULT_ROLES
from tasker.server.access.tokens import TokenFile

_file = click.option(
    "--file",
    "path",
    default="tokens.json",
    show_default=True,
    metavar="FILE",
    help="The file that keeps them, as hashes.",
)


@click.group("tokens", short_help="Make, list and revoke the server's API tokens.")
@output_options
def tokens_command() -> None:
    """Make, list and revoke the API tokens that `tasker serve --tokens FILE` asks for.

    \b
    Examples:
      tasker tokens create ci --role submitter
      tasker tokens list
      tasker tokens revoke ci
    """


@tokens_command.command("create")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    metavar="ROLE",
    help=f"What it may do: {', '.join(DEFAULT_ROLES)}, or a role of the settings. Repeatable.",
)
@click.option(
    "--expires-in",
    "days",
    type=click.FloatRange(min=0, min_open=True, max=36_500),
    metavar="DAYS",
    help="After so many days it is refused.",
)
@_file
@output_options
@pass_settings
def create_command(
    settings: Settings, name: str, roles: tuple[str, ...], days: float | None, path: str
) -> None:
    """Make a token for NAME and print it, once: the file keeps its hash alone."""
    now = datetime.now(UTC)
    expires_at = None if days is None else now + timedelta(days=days)
    token = TokenFile(Path(path)).create(name, roles, expires_at=expires_at, now=now)
    if settings.json:
        print_json({"name": name, "token": token, "roles": roles, "expires_at": expires_at})
        return
    click.echo(token)
    note(f"kept in {path} as a hash; this is the only time that it is shown")


@tokens_command.command("list")
@_file
@output_options
@pass_settings
def list_command(settings: Settings, path: str) -> None:
    """List the tokens: names, roles and times, never the tokens themselves."""
    tokens = TokenFile(Path(path)).read()
    if settings.json:
        print_json(
            [
                {
                    "name": each.name,
                    "roles": each.roles,
                    "created_at": each.created_at,
                    "expires_at": each.expires_at,
                }
                for each in tokens
            ]
        )
        return
    for each in tokens:
        until = "" if each.expires_at is None else f"  until {each.expires_at:%Y-%m-%d %H:%M}"
        click.echo(f"{each.name}  {','.join(each.roles)}  since {each.created_at:%Y-%m-%d}{until}")
    if not tokens:
        note(f"there are no tokens in {path}")


@tokens_command.command("revoke")
@click.argument("name")
@_file
@output_options
@pass_settings
def revoke_command(settings: Settings, name: str, path: str) -> None:
    """Revoke a token: a server refuses it from the next request on."""
    TokenFile(Path(path)).revoke(name)
    note(f"{name} is revoked")
