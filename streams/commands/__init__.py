"""The command line: `chalandise`."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from config import ConfigError
from config.settings import SettingsError
from streams.commands.check import FINDINGS, USAGE, check
from streams.commands.demo import demo
from streams.commands.gateway import gateway
from streams.commands.keys import keys_app
from streams.commands.members import members_app
from streams.commands.replay import replay
from streams.commands.simulate import simulate
from streams.commands.test import test
from streams.commands.topics import topics_app
from streams.commands.up import up
from streams.commands.watch import watch
from streams.commands.why import why
from streams.commands.worker import worker
from streams.errors import InfrastructureError, UserError
from streams.working import TooManyBroken

FOR_RETAILERS, FOR_OPS = "For retailers", "For operations"
INTERRUPTED = 130


def command_line() -> typer.Typer:
    """All commands, in the order in which `--help` lists them."""
    app = typer.Typer(
        name="chalandise",
        help="Real-time geofenced offers: the right offer at the right doorstep, within milliseconds.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    for_retailers: tuple[Callable[..., None], ...] = (demo, check, test, replay, simulate, why, up)
    for_operations: tuple[Callable[..., None], ...] = (worker, gateway, watch)
    for each in for_retailers:
        app.command(rich_help_panel=FOR_RETAILERS)(each)
    for each in for_operations:
        app.command(rich_help_panel=FOR_OPS)(each)
    app.add_typer(members_app, name="members", rich_help_panel=FOR_RETAILERS)
    app.add_typer(keys_app, name="keys", rich_help_panel=FOR_OPS)
    app.add_typer(topics_app, name="topics", rich_help_panel=FOR_OPS)
    return app


app = command_line()


def main() -> None:
    """Run the command line. A user's mistake is said in a line or two; Ctrl-C ends without a word."""
    try:
        app()
    except ConfigError as refused:
        for finding in refused.findings:
            typer.echo(str(finding), err=True)
        sys.exit(FINDINGS)
    except (UserError, SettingsError, InfrastructureError, TooManyBroken) as error:
        typer.echo(f"chalandise: {error}", err=True)
        sys.exit(USAGE if isinstance(error, UserError | SettingsError) else FINDINGS)
    except OSError as error:
        if error.filename is None:
            raise
        typer.echo(f"chalandise: {error.filename}: {(error.strerror or 'cannot be used').lower()}", err=True)
        sys.exit(USAGE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
