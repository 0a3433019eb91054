"""Settings come from the environment when they are asked for, and say what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from config.settings import Settings, SettingsError, read_settings


def test_without_an_environment_everything_runs_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CHALANDISE_{name.upper()}", raising=False)
    settings = read_settings()
    assert (settings.broker, settings.redis, settings.partitions, settings.batch_limit) == (
        "embedded://default",
        None,
        4,
        512,
    )


def test_the_environment_is_read_at_each_call_and_what_is_given_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHALANDISE_BROKER", "kafka://127.0.0.1:9092,127.0.0.1:9093")
    monkeypatch.setenv("CHALANDISE_CONFIG", "a.yaml:b.yaml")
    monkeypatch.setenv("CHALANDISE_PRESENCE_TTL", "6h")
    monkeypatch.setenv("CHALANDISE_PARTITIONS", "8")
    settings = read_settings(partitions=2)
    assert settings.broker.startswith("kafka://")
    assert settings.config == (Path("a.yaml"), Path("b.yaml"))
    assert (settings.presence_ttl, settings.partitions) == (6 * 3_600_000, 2)


def test_all_that_is_wrong_is_said_by_variable_and_the_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHALANDISE_PARTITIONS", "0")
    monkeypatch.setenv("CHALANDISE_SECRET", "hush-hush")
    monkeypatch.setenv("CHALANDISE_PRESENCE_TTL", "3m")
    with pytest.raises(SettingsError) as wrong:
        read_settings()
    lines = str(wrong.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        *("CHALANDISE_SECRET", "CHALANDISE_PARTITIONS", "CHALANDISE_PRESENCE_TTL"),
    ]
    assert "for three minutes write 3min" in lines[2]
    assert "hush-hush" not in str(wrong.value)


def test_the_secret_is_not_shown_and_nothing_can_be_changed() -> None:
    settings = read_settings(secret="0123456789abcdef")
    assert "0123456789abcdef" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.partitions = 5  # type: ignore[misc]  # frozen


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_says_what_it_is(name: str) -> None:
    assert Settings.model_fields[name].description
