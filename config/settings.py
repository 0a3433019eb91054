"""How this process runs, from environment variables that begin with `CHALANDISE_`: `CHALANDISE_BROKER=kafka://…`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.quantities import DAY, Duration

PREFIX = "CHALANDISE_"


class SettingsError(Exception):
    """Settings that cannot be used; its text says which variable, what is wrong and what to do, one a line."""


def _paths(value: Any) -> Any:
    return [each for each in value.split(os.pathsep) if each] if isinstance(value, str) else value


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


class Settings(BaseSettings):
    """All that differs from one process to the next. Read with `read_settings`; nothing is read at import."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", validate_default=False, use_attribute_docstrings=True
    )

    broker: Annotated[str, Field(pattern=r"^(embedded|kafka)://[^\s]+$")] = "embedded://default"
    """Where the topics are: `embedded://default` in this process, or `kafka://host:9092,host:9092`."""

    redis: Annotated[
        Annotated[str, Field(pattern=r"^(rediss?|unix)://[^\s]+$")] | None, BeforeValidator(_none_if_empty)
    ] = None
    """`redis://host:6379/0`, a single server or a cluster, as it says itself; without it, one of our own is started."""

    secret: Annotated[Annotated[SecretStr, Field(min_length=16)] | None, BeforeValidator(_none_if_empty)] = None
    """At least 16 characters, from which coupon codes are made; the same in all workers, and never changed."""

    config: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_paths)] = ()
    """The YAML files of the retailers, with a `:` between them (`;` on Windows)."""

    partitions: Annotated[int, Field(ge=1, le=10_000)] = 4
    """Partitions of each keyed topic: as many workers can share the work. Fixed once the topics are there."""

    replication: Annotated[int, Field(ge=1, le=32)] = 1
    """Copies of each topic among the brokers; 3 in production."""

    group: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = "chalandise"
    """The consumer group, which is also the app's id: workers with the same one share the work."""

    instance_id: Annotated[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] | None, BeforeValidator(_none_if_empty)
    ] = None
    """The name of this worker in its group; one that comes back under its name moves no partitions."""

    batch_limit: Annotated[int, Field(ge=1, le=4096)] = 512
    """Most records of one fetch that are worked together."""

    presence_ttl: Duration = DAY
    """How long after its last fix a device's presence is kept: `24h`."""

    public_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] = "http://127.0.0.1:8080"
    """Where members reach the gateway: the `stop_url` of every offer begins with it."""

    gateway_host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Where the gateway listens; `0.0.0.0` where others than this machine come to it."""

    gateway_port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    """Its port; 0 for any free one."""

    ops_host: str = "127.0.0.1"
    """Where `/metrics`, `/livez` and `/readyz` listen; nobody is asked for a key there."""

    ops_port: Annotated[Annotated[int, Field(ge=0, le=65_535)] | None, BeforeValidator(_none_if_empty)] = 9464
    """Their port; 0 for any free one, nothing for none."""

    log_format: Literal["text", "json"] = "text"
    """Lines for people, or one JSON object a line for a log store."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important lines that are logged."""

    state_folder: Path = Path(".chalandise")
    """Where `up` keeps what must survive a restart, when the Redis server is its own."""


def read_settings(**given: Any) -> Settings:
    """The settings of the environment; `given` goes first. Raises SettingsError, with all that is wrong."""
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [_line(problem) for problem in error.errors(include_url=False, include_input=False)]
        raise SettingsError("\n".join(dict.fromkeys(lines))) from None


def _line(problem: Any) -> str:
    name = str(problem["loc"][0])
    described = Settings.model_fields[name].description or ""
    return f"{PREFIX}{name.upper()}: {problem['msg']}; it is: {' '.join(described.split())}"
