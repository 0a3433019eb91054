"""The promise: after the 200 of a stop no offer is delivered to this member, 5 s later at the latest."""

from __future__ import annotations

import pytest

from bench.stops import MEMBERS, main
from tests.gateway.stop_story import PROMISED


def test_of_all_who_stopped_nobody_gets_an_offer_later_than_promised(capsys: pytest.CaptureFixture[str]) -> None:
    came = main(["--scale", "0.2"])
    assert came.members == MEMBERS / 5
    assert max(came.late) < PROMISED, str(came)
    assert came.made >= came.members / 2  # the engine itself made offers meanwhile
    assert came.delivered > came.members
    assert came.rate > came.members / 2
    assert "after its 200" in capsys.readouterr().out
