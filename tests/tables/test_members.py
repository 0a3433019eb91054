"""Members: what a claim rests on, outcomes that stay, and changes of which none is lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from offers.history import NO_PURCHASES, Line, Purchase, with_purchase
from offers.members import Consent, Contact, Grant, Member, Profile, Visit, Visits, Wish
from streams.tables.keyspace import Keyspace
from streams.tables.members import KINDS, Claim, Fields, Loaded, Members, Outcome
from streams.tables.tables import Tables
from tests.tables.conftest import Run

NOW = 1_795_131_000_000
OCCASION = "occasion-1"
WITHHELD = Outcome([("decisions", b"galerie|anna", b"{}")])
OFFERED = Outcome([("offers", b"galerie|anna", b'{"id": "1"}')], "offer-1", "welcome", True, "CODE", NOW + 1)
BOUGHT = with_purchase(NO_PURCHASES, Purchase("1", NOW, 20_778, (Line("skincare", "p", 5),)))
GRANTED = Consent({"offers": Grant(True, NOW)})


@pytest.fixture
def owner(retailer: str) -> str:
    return f"{retailer}|anna"


def loaded(tables: Tables, run: Run, owner: str, occasion: str = OCCASION) -> Loaded:
    (found,) = run(tables.members.load([(owner, occasion)]))
    return found


def claim(rests_on: Loaded, outcome: Outcome = OFFERED, occasion: str = OCCASION, **changed: Any) -> Claim:
    """A claim that makes one contact, and counts one visit."""
    visits = changed.get("visits", Visits(rests_on.member.visits.count + 1, (Visit("haussmann", NOW, NOW),)))
    contacts = changed.get("contacts", (*rests_on.member.contacts, Contact(NOW, "welcome", "offer-1")))
    return Claim(rests_on, occasion, visits, contacts, outcome)


def test_of_nobody_nothing_is_known(tables: Tables, run: Run, owner: str) -> None:
    found = loaded(tables, run, owner)
    assert (found.member, found.outcome) == (Member("anna"), None)


def test_all_that_is_known_comes_in_one_read_each_with_its_own(tables: Tables, run: Run, retailer: str) -> None:
    profile, purchases = (
        Profile(first_name="Zoé", visits=3),
        BOUGHT,
    )
    revised = {
        "profile": lambda _: Fields(profile, {"first_name": NOW}),
        "consent": lambda _: replace(GRANTED, wish=Wish.LESS),
        "visits": lambda _: Visits(1, (Visit("s", 1, 2),)),
        "purchases": lambda _: purchases,
        "contacts": lambda _: (Contact(1, "", "mail"),),
    }
    for kind, change in revised.items():
        run(tables.members.revise(kind, f"{retailer}|b|ar", change))
    members = run(tables.members.load([(f"{retailer}|{name}", OCCASION) for name in ("foo", "b|ar", "foo")]))
    consent = replace(GRANTED, wish=Wish.LESS)
    known = Member("b|ar", profile, consent, Visits(1, (Visit("s", 1, 2),)), purchases, (Contact(1, "", "mail"),))
    assert [each.member for each in members] == [Member("foo"), known, Member("foo")]


def test_a_claim_makes_visit_contact_and_outcome_final(tables: Tables, run: Run, owner: str) -> None:
    assert run(tables.members.claim([claim(loaded(tables, run, owner))])) == [True]
    after = loaded(tables, run, owner)
    assert after.outcome == OFFERED == run(tables.members.outcome(owner, OCCASION))
    assert after.member.visits.count == 1
    assert after.member.contacts == (Contact(NOW, "welcome", "offer-1"),)
    assert loaded(tables, run, owner, "another").outcome is None


CHANGES = {
    "consent": lambda _: Consent(wish=Wish.STOP),
    "visits": lambda _: Visits(7),
    "contacts": lambda contacts: (*contacts, Contact(NOW, "", "mail")),
}


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("kind", CHANGES)
def test_a_claim_is_refused_where_what_it_rests_on_has_changed(
    tables: Tables, run: Run, owner: str, kind: str, known: bool
) -> None:
    if known:
        run(tables.members.revise("consent", owner, lambda _: GRANTED))
        run(tables.members.claim([claim(loaded(tables, run, owner, "before"), occasion="before")]))
    before = loaded(tables, run, owner)
    run(tables.members.revise(kind, owner, CHANGES[kind]))
    assert run(tables.members.claim([claim(before)])) == [False]
    after = loaded(tables, run, owner)
    assert after.outcome is None
    assert getattr(after.member, kind) == CHANGES[kind](getattr(before.member, kind))
    assert run(tables.members.claim([claim(after)])) == [True]


def test_a_claim_that_changes_nothing_is_refused_all_the_same(tables: Tables, run: Run, owner: str) -> None:
    before = loaded(tables, run, owner)
    run(tables.members.revise("consent", owner, lambda _: Consent(wish=Wish.STOP)))
    nothing = claim(before, WITHHELD, visits=Visits(), contacts=())
    assert run(tables.members.claim([nothing])) == [False]


@pytest.mark.parametrize("kind", ["profile", "purchases"])
def test_a_claim_does_not_rest_on_profile_or_purchases(tables: Tables, run: Run, owner: str, kind: str) -> None:
    before = loaded(tables, run, owner)
    new = {"profile": Fields(Profile(points=1), {"points": 1}), "purchases": BOUGHT}[kind]
    run(tables.members.revise(kind, owner, lambda _: new))
    assert run(tables.members.claim([claim(before)])) == [True]


def test_an_occasion_has_one_outcome_and_the_first_stays(tables: Tables, run: Run, owner: str) -> None:
    before = loaded(tables, run, owner)
    withheld = claim(before, WITHHELD, visits=Visits(), contacts=())
    assert run(tables.members.claim([withheld, claim(before), withheld])) == [True, False, False]
    assert loaded(tables, run, owner).outcome == WITHHELD


def test_of_two_hundred_claims_on_one_occasion_one_stands(peers: list[Keyspace], run: Run, owner: str) -> None:
    members = [Members(peer) for peer in peers]

    async def all_at_once() -> list[list[bool]]:
        (before,) = await members[0].load([(owner, OCCASION)])
        return await asyncio.gather(*(members[each % 4].claim([claim(before)]) for each in range(200)))

    assert sum(final for (final,) in run(all_at_once())) == 1
    (after,) = run(members[0].load([(owner, OCCASION)]))
    assert len(after.member.contacts) == 1


def test_an_outcome_is_voided_once_and_only_as_it_was_read(tables: Tables, run: Run, owner: str) -> None:
    run(tables.members.claim([claim(loaded(tables, run, owner))]))
    found = loaded(tables, run, owner)
    assert run(tables.members.void(found, OCCASION, WITHHELD)) is True
    assert run(tables.members.void(found, OCCASION, OFFERED)) is False
    assert run(tables.members.outcome(owner, OCCASION)) == WITHHELD


def test_nothing_is_voided_where_there_was_no_outcome(tables: Tables, run: Run, owner: str) -> None:
    assert run(tables.members.void(loaded(tables, run, owner), OCCASION, WITHHELD)) is False
    assert run(tables.members.outcome(owner, OCCASION)) is None


def test_of_fifty_changes_at_once_none_is_lost(peers: list[Keyspace], run: Run, owner: str) -> None:
    members = [Members(peer) for peer in peers]

    async def all_at_once() -> None:
        made = [Contact(NOW, "", str(each)) for each in range(50)]
        await asyncio.gather(
            *(
                members[each % 4].revise("contacts", owner, lambda before, new=new: (*before, new))
                for each, new in enumerate(made)
            )
        )

    run(all_at_once())
    contacts = run(members[0].read("contacts", owner)).value
    assert sorted(int(each.id) for each in contacts) == list(range(50))


def test_a_revision_gives_the_new_value_and_one_that_changes_nothing_writes_nothing(
    tables: Tables, run: Run, owner: str
) -> None:
    assert run(tables.members.revise("visits", owner, lambda _: Visits(2))) == Visits(2)
    packed = run(tables.members.read("visits", owner)).packed
    assert run(tables.members.revise("visits", owner, lambda visits: visits)) == Visits(2)
    assert run(tables.members.read("visits", owner)).packed == packed


def test_members_of_two_retailers_are_two(tables: Tables, run: Run, retailer: str) -> None:
    run(tables.members.revise("visits", f"{retailer}|anna", lambda _: Visits(2)))
    assert loaded(tables, run, f"{retailer}-2|anna").member.visits == Visits()


def test_what_earlier_versions_wrote_is_read() -> None:
    """Without what came later: when a coupon runs out, older visits, cards linked by a coupon."""
    written = {
        "contacts": [[NOW, "welcome", "offer", "", "tu", 0], [NOW, "", "mail", "email"]],
        "visits": {"count": 1, "recent": [["haussmann", NOW, NOW]], "trail": [], "series": {}, "handed": {}},
        "profile": {
            "profile": {"tier": "gold", "devices": ["phone"], "linked_devices": ["watch"]},
            "said": {"tier": 1},
        },
    }
    read = {kind: KINDS[kind].decode(msgspec.msgpack.encode(value)) for kind, value in written.items()}
    first, second = read["contacts"]
    assert (first.tone, first.expires_at, second.channel, second.expires_at) == ("tu", 0, "email", 0)
    assert read["visits"] == Visits(1, (Visit("haussmann", NOW, NOW),))
    assert (read["profile"].profile.tier, read["profile"].profile.linked_cards) == ("gold", ())


def test_of_whom_purchases_or_contacts_are_kept_is_told_in_one_question(
    tables: Tables, run: Run, retailer: str
) -> None:
    owners = [f"{retailer}|{name}" for name in ("anna", "ben", "carla", "dora")]
    run(tables.members.revise("purchases", owners[1], lambda _: BOUGHT))
    run(tables.members.revise("contacts", owners[3], lambda _: (Contact(NOW, "welcome", "offer-1"),)))
    run(tables.members.revise("profile", owners[0], lambda before: before))
    assert run(tables.members.holding(owners)) == [owners[1], owners[3]]
    assert run(tables.members.holding(owners[2:])) == [owners[3]]
    assert run(tables.members.holding([])) == []


def test_purchases_set_aside_are_the_first_ones_until_they_are_dropped(tables: Tables, run: Run, owner: str) -> None:
    again = with_purchase(NO_PURCHASES, Purchase("2", NOW, 20_778, (Line("food", "q", 1),)))
    assert run(tables.members.set_aside(owner)) is None
    run(tables.members.revise("purchases", owner, lambda _: BOUGHT))
    first = run(tables.members.set_aside(owner))
    assert first is not None
    assert (first[0], run(tables.members.read("purchases", owner)).value) == (BOUGHT, NO_PURCHASES)
    run(tables.members.revise("purchases", owner, lambda _: again))
    assert run(tables.members.set_aside(owner)) == first
    assert run(tables.members.read("purchases", owner)).value == again
    run(tables.members.drop_aside(owner, b"another"))
    assert run(tables.members.set_aside(owner)) == first
    run(tables.members.drop_aside(owner, first[1]))
    second = run(tables.members.set_aside(owner))
    assert second is not None
    assert second[0] == again


def test_purchases_that_grow_meanwhile_are_set_aside_whole(
    tables: Tables, run: Run, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, grown = tables.keyspace.read, with_purchase(BOUGHT, Purchase("2", NOW, 20_778, (Line("food", "q", 1),)))
    run(tables.members.revise("purchases", owner, lambda _: BOUGHT))

    async def grows(named: Any) -> Any:
        found = await read(named)
        monkeypatch.undo()
        await tables.members.revise("purchases", owner, lambda _: grown)
        return found

    monkeypatch.setattr(type(tables.keyspace), "read", lambda _, named: grows(named))
    found = run(tables.members.set_aside(owner))
    assert found is not None
    assert (found[0], run(tables.members.read("purchases", owner)).value) == (grown, NO_PURCHASES)
