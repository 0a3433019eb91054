"""The same suite on both brokers: `side` is the embedded one, then the real one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.transport.workers import Side, embedded_side, kafka_side

Story = Callable[[Side], Coroutine[Any, Any, None]]


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def tell(request: pytest.FixtureRequest) -> Callable[[Story], None]:
    """Runs a story, an async function of one side, on a loop of its own."""
    bootstrap = request.getfixturevalue("kafka_bootstrap") if request.param == "kafka" else ""

    async def on_side(story: Story) -> None:
        async with kafka_side(bootstrap) if bootstrap else embedded_side() as side:
            await story(side)

    return lambda story: asyncio.run(on_side(story))
