"""Plants one fault at a time in what decides, claims and counts, and shows whether the tests under pressure catch it.

`python -m tests.pipeline.planted [NAME]` prints a line for each; `test_planted.py` holds that all are caught. Each is
tried in a fork of a process that has the libraries in memory already.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
OURS = ("geofences", "offers", "config", "streams", "tests")
AT_ONCE = 2
EXAMPLES = 120
"""Traces at most until a fault is caught: as many as the suite has."""


class Fault(NamedTuple):
    """`found` in `file` becomes `planted`; `under` names what must fail of it, a function of this module."""

    name: str
    file: str
    found: str
    planted: str
    under: str = "pressure"

    @property
    def module(self) -> str:
        return self.file.removesuffix(".py").replace("/", ".")

    @property
    def text(self) -> str:
        """The file with the fault in it. ValueError where the place for it is not to be found, or not only once."""
        whole = (ROOT / self.file).read_text()
        if whole.count(self.found) != 1:
            raise ValueError(f"{self.file} has {self.found!r} {whole.count(self.found)} times: say anew where it goes")
        return whole.replace(self.found, self.planted)


WEIGHING, POLICY = "offers/weighing.py", "offers/contact_policy.py"
MEMBERS, PLACES, MEMORY = "streams/tables/members.py", "streams/tables/memory_places.py", "streams/tables/memory.py"
DECIDING, VOIDING, TILLS = "streams/deciding.py", "streams/voiding.py", "streams/tills.py"
PRODUCE = "        await self._producer.produce(way.processed.records)\n"
SAVE = "        self.gate(Step.SAVE)\n        await way.save()\n"
HANDED_OVER = '        await tables.members.revise("visits", f"{retailer}|{member}"'
GONE = '        await tables.members.revise("visits", owner, lambda now: without_handed(now, device))\n'
HELD = '        await tables.members.revise("purchases", owner, partial(with_history'
SALE_FIRST = "    # First the sale, which knows"
KNOWN = '    await tables.members.revise("purchases", owner, lambda before: history.with_purchase(before, new))\n'

FAULTS = (
    Fault("holdout off by one", WEIGHING, "% 100 < campaign.holdout", "% 100 <= campaign.holdout"),
    Fault(
        "who is held out gets the second best",
        WEIGHING,
        "settled = found is None or found.reason is Withheld.HOLDOUT",
        "settled = found is None",
    ),
    Fault(
        "a stop does not count where consent stands",
        WEIGHING,
        "member.consent.wish is Wish.STOP:",
        "member.consent.wish is Wish.STOP and not member.contacts:",
    ),
    Fault(
        "the window of a cap holds its own end",
        POLICY,
        "bisect_left(moments, end) - bisect_right(moments, start)",
        "bisect_left(moments, end) - bisect_left(moments, start)",
    ),
    Fault("a cap lets one more through", POLICY, "start, end) >= cap.at_most", "start, end) > cap.at_most"),
    Fault(
        "claims that look at nothing", MEMORY, "if any(self._get(change.key) != change.expected for", "if any(False for"
    ),
    Fault(
        "claims that do not look at consent",
        MEMBERS,
        '        Change(keys.key("consent", owner), consent, consent, 0),\n',
        "",
    ),
    Fault("an unused place does not come back", PLACES, "if end <= now]", "if end < 0]"),
    Fault("a place comes back a millisecond late", PLACES, "if end <= now]", "if end < now]"),
    Fault("one place too many", PLACES, "len(share.ends) >= asked.limit", "len(share.ends) > asked.limit"),
    Fault("a cent too much", PLACES, "share.total + more > asked.budget", "share.total + more > asked.budget + 100"),
    Fault("the same token is a second place", PLACES, "has = token in share.ends", "has = False"),
    Fault(
        "a sweep gives back what was claimed",
        "streams/sweeping.py",
        "if outcome is not None and outcome.offer == token.offer:",
        "if outcome is None:",
    ),
    Fault("what was not claimed is not given back", DECIDING, "    await _give_back_unused(done, tables)\n", ""),
    Fault(
        "places are not given for good",
        "streams/settled.py",
        "tables.coupons.notes(coupons) + tables.places.notes(places)",
        "tables.coupons.notes(coupons)",
    ),
    Fault(
        "a stop since the claim is not looked at",
        VOIDING,
        "if member.consent.wish is Wish.STOP:",
        "if member.consent.wish is Wish.STOP and outcome.coupon is None:",
    ),
    Fault("the place of a voided offer stays taken", VOIDING, "if outcome.limited and unused:", "if not unused:"),
    Fault(
        "a till settles the whole, whatever it took off",
        TILLS,
        "tables.places.use(given, settled(coupon.worth, coupon.redemption.taken_off))",
        "tables.places.use(given)",
    ),
    Fault(
        "a till that was overtaken does not look again",
        TILLS,
        "if stands is None or stands.redemption == coupon.redemption:",
        "if stands is None or stands.offer == coupon.offer:",
        "tills",
    ),
    Fault("saved before it is sent", "streams/pipeline.py", PRODUCE + SAVE, SAVE + PRODUCE),
    Fault(
        "a visit 2 h later is the same",
        "offers/visits.py",
        "apart = visit.first - SAME_VISIT < new.last and new.first < visit.last + SAME_VISIT",
        "apart = visit.first - SAME_VISIT < new.last and new.first <= visit.last + SAME_VISIT",
    ),
    Fault(
        "a sale is not known when it comes again",
        "streams/tables/sales.py",
        "if purchase in part.purchases:",
        "if False:",
        "counting",
    ),
    Fault(
        "a purchase is not known when it comes again",
        "offers/history.py",
        "    if is_counted(history, new.id):\n        return history\n",
        "",
        "counting",
    ),
    Fault(
        "visits go from a phone before they are its member's",
        "streams/admitting.py",
        HANDED_OVER,
        GONE + HANDED_OVER,
        "counting",
    ),
    Fault(
        "a card's purchases are not known when they come again",
        "offers/history.py",
        "if is_counted(history, token) or _holds(history, other):",
        "if False:",
        "counting",
    ),
    Fault(
        "a card's purchases are gone before they are its member's",
        "streams/held.py",
        HELD,
        "        await tables.members.drop_aside(own, packed)\n" + HELD,
        "counting",
    ),
    Fault("a purchase is known before its sale", "streams/loyalty.py", SALE_FIRST, KNOWN + SALE_FIRST, "counting"),
    Fault(
        "a visit is counted beside its claim",
        MEMBERS,
        '_kept(visits, before.visits, claim.visits), KEPT["visits"]',
        'visits, KEPT["visits"]',
        "counting",
    ),
)


class Changed(MetaPathFinder, Loader):
    """Imports one module with a fault in it."""

    def __init__(self, fault: Fault) -> None:
        self._name, self._text, self._path = fault.module, fault.text, ROOT / fault.file

    def find_spec(self, fullname: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, origin=str(self._path)) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self._path)
        exec(compile(self._text, str(self._path), "exec"), module.__dict__)


def pressure() -> None:
    """The state machine, until the first trace that fails."""
    with asyncio.Runner() as runner:
        importlib.import_module("tests.pipeline.test_pressure").in_process(runner.run, EXAMPLES)


def counting() -> None:
    """All that is counted, dying everywhere."""
    importlib.import_module("tests.pipeline.test_counted_once").everything_in_process()


def tills() -> None:
    """A coupon that is used and taken back at once."""
    module = importlib.import_module("tests.pipeline.test_any_call")
    module.overtake_tills("spend", importlib.import_module("tests.pipeline.test_counted_once").in_process)


def _fails(fault: Fault, suite: Callable[[], None]) -> bool:
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS and name != __name__]:
        del sys.modules[name]
    sys.meta_path.insert(0, Changed(fault))
    settings = importlib.import_module("hypothesis").settings
    for name in (
        "tests.conftest",
        "tests.pipeline.test_pressure",
        "tests.pipeline.test_counted_once",
        "tests.pipeline.test_any_call",
    ):
        importlib.import_module(name)
    settings.load_profile("first-failure")
    try:
        suite()
    except Exception:
        return True
    return False


def _start(fault: Fault) -> int:
    """The process that tries it; it ends with 1 where the suite fails, with 0 where it does not."""
    suite = {"pressure": pressure, "counting": counting, "tills": tills}[fault.under]
    fault.text  # noqa: B018 - it raises here and not in the fork
    child = os.fork()
    if child == 0:
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        try:
            os._exit(1 if _fails(fault, suite) else 0)
        finally:
            os._exit(3)
    return child


def caught(faults: Sequence[Fault]) -> Iterator[tuple[Fault, bool]]:
    """Each as it is done, and whether it is caught. Raises ValueError where one cannot be planted."""
    waiting, running = list(reversed(faults)), dict[int, Fault]()
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            fault = waiting.pop()
            running[_start(fault)] = fault
        child, status = os.wait()
        fault, code = running.pop(child), os.waitstatus_to_exitcode(status)
        if code not in (0, 1):
            raise ValueError(f"{fault.name}: the suite did not run")
        yield fault, code == 1


def main() -> None:
    """A line for each."""
    importlib.import_module("tests.pipeline.test_pressure")
    wanted = " ".join(sys.argv[1:])
    for fault, is_caught in caught([each for each in FAULTS if wanted in each.name]):
        print(f"{'caught' if is_caught else 'NOT CAUGHT':<12}{fault.name}", flush=True)


if __name__ == "__main__":
    main()
