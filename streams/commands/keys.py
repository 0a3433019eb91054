"""`chalandise keys`: make, list and revoke the keys of the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from config import load_or_refuse
from config.settings import Settings, read_settings
from streams.errors import UserError
from streams.gateway.building import shared_redis
from streams.gateway.keys import HELD, Scope, new_key
from streams.tables.api_keys import ApiKeys
from streams.tables.redis_keyspace import connect
from streams.times import written
from streams.transport.broker import wall_clock

Done = TypeVar("Done")

keys_app = typer.Typer(help="Make, list and revoke the keys of the gateway.", no_args_is_help=True)


@keys_app.command("create")
def create(
    retailer: Annotated[str, typer.Option(help="Whose messages come with this key.")],
    scope: Annotated[Scope, typer.Option(help="device: ships inside an app. till: tills. crm: everything.")],
    name: Annotated[str, typer.Option(help="What it is for, as `keys list` shows it.")] = "",
) -> None:
    """Make a key for CHALANDISE_REDIS, and print it. It is shown this once: only what it hashes to is kept."""
    settings = read_settings()
    _refuse_unknown(retailer, settings)
    shown, kept = new_key(retailer, scope, wall_clock(), name)
    _with_keys(settings, lambda keys: keys.add(kept))
    typer.echo(f"key {kept.id} for {retailer}, scope {scope}; it is shown only now:", err=True)
    typer.echo(shown)


@keys_app.command("list")
def show() -> None:
    """List the keys in force: id, retailer, scope, when they were made, what they are for."""
    table = Table(box=None)
    for title in ("id", "retailer", "scope", "made", "name"):
        table.add_column(title, overflow="fold")
    for key in _with_keys(read_settings(), lambda keys: keys.all()):
        table.add_row(key.id, key.retailer, key.scope, written(key.created), key.name)
    Console().print(table)


@keys_app.command("revoke")
def revoke(id_: Annotated[str, typer.Argument(metavar="ID", help="The id, as `keys list` shows it.")]) -> None:
    """Revoke a key: within seconds every gateway refuses it."""
    if not _with_keys(read_settings(), lambda keys: keys.revoke(id_)):
        raise UserError(f"there is no key {id_}: `chalandise keys list` shows those in force")
    typer.echo(f"revoked {id_}; every gateway refuses it within {HELD:.0f} s", err=True)


def _refuse_unknown(retailer: str, settings: Settings) -> None:
    """A key for a retailer that no gateway knows would open nothing, and nobody would hear why."""
    known = [each.retailer for each in load_or_refuse(settings.config)] if settings.config else [retailer]
    if retailer not in known:
        raise UserError(f"no retailer {retailer!r} in CHALANDISE_CONFIG, which has: {', '.join(known)}")


def _with_keys(settings: Settings, work: Callable[[ApiKeys], Awaitable[Done]]) -> Done:
    async def worked() -> Done:
        keyspace = await connect(shared_redis(settings))
        try:
            return await work(ApiKeys(keyspace))
        finally:
            await keyspace.close()

    return asyncio.run(worked())
