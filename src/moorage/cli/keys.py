"""``moorage keys``: make API keys, and the hashes that the service is given in their place."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from moorage.auth import keys
from moorage.auth.key_file import parse_file
from moorage.auth.keys import ApiKey
from moorage.errors import Misconfigured

Handler = TypeVar("Handler", bound=Callable[..., Any])


@click.group("keys", no_args_is_help=False, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Make API keys and their hashes."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def scopes_option(function: Handler) -> Handler:
    """Give a command the option ``--scope``."""
    return click.option(
        "--scope",
        "scopes",
        multiple=True,
        help="What the key allows; repeat it. Without: everything.",
    )(function)


@command.command()
@click.argument("name")
@scopes_option
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file of keys to append the hash to; made with mode 0600 if it is not there.",
)
def new(name: str, scopes: tuple[str, ...], file: Path | None) -> None:
    """Make a key for NAME and print its secret, once, and its hash."""
    secret = keys.new_secret()
    key = ApiKey(name, keys.digest(secret), frozenset(scopes))
    if file is not None:
        _append(file, key)
    click.echo(f"secret  {secret}")
    click.echo(f"hash    {key}")


@command.command("hash")
@click.argument("name", required=False)
@scopes_option
def hash_(name: str | None, scopes: tuple[str, ...]) -> None:
    """Read a secret from standard input and print its hash: with NAME, the whole entry."""
    if sys.stdin.isatty():
        secret = click.prompt("secret", hide_input=True, err=True)
    else:
        secret = sys.stdin.read()
    digest = keys.digest_of_plain(secret.strip())
    if name is None and scopes:
        raise click.UsageError("scopes belong to an entry; give its NAME too")
    click.echo(digest if name is None else str(ApiKey(name, digest, frozenset(scopes))))


def _append(file: Path, key: ApiKey) -> None:
    """Add a key to a file that goes on being valid, in one write.

    Raises:
        Misconfigured: The file is malformed, has a key of that name, or cannot be written.
    """
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b") as stream:
            before = stream.read()
            keys.distinct((*parse_file(file, before), key))
            gap = b"" if not before or before.endswith(b"\n") else b"\n"
            stream.write(gap + _written(file, key).encode())
    except OSError as error:
        raise Misconfigured(f"{file}: cannot be written ({error.strerror})") from error
    except Misconfigured as error:
        raise Misconfigured(f"{file}: {error}") from error


def _written(file: Path, key: ApiKey) -> str:
    if file.suffix != ".toml":
        return f"{key}\n"
    allowed = ", ".join(f'"{scope}"' for scope in sorted(key.scopes))
    return f'\n["{key.name}"]\nsha256 = "{key.digest}"\n' + (
        f"scopes = [{allowed}]\n" if allowed else ""
    )
