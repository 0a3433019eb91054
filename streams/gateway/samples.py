"""Keys for those who try the gateway out with `up`: made once, and kept beside its Redis for its owner alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson

from streams.gateway.keys import KeyRing, Scope, sample_keys
from streams.tables.api_keys import ApiKeys

Keys = Mapping[str, Mapping[str, str]]
"""The key of each scope, by retailer."""


async def kept_keys(file: Path, retailers: Iterable[str], table: ApiKeys, now: int) -> Keys:
    """The keys in `file`; new ones, written there, where it is not there or one of them is no longer in force."""
    wanted = sorted(retailers)
    known = _read(file)
    if sorted(known) == wanted and await _are_in_force(known, KeyRing(table)):
        return known
    made = {name: {str(scope): key for scope, key in (await sample_keys(name, table, now)).items()} for name in wanted}
    _write(file, made)
    return made


async def _are_in_force(keys: Keys, ring: KeyRing) -> bool:
    for retailer, by_scope in keys.items():
        for scope in Scope:
            known = await ring.recognise(by_scope.get(scope, ""))
            if known is None or (known.retailer, known.scope) != (retailer, scope):
                return False
    return True


def _read(file: Path) -> Keys:
    try:
        read = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    well_formed = isinstance(read, dict) and all(isinstance(each, dict) for each in read.values())
    return read if well_formed else {}


def _write(file: Path, keys: Keys) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(orjson.dumps(keys, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
