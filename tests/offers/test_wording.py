"""How an offer reads: language, tone, money and time as the member writes them, and never a placeholder."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.campaigns import Discount, OfferTemplate, Text
from offers.contact_policy import ContactPolicy
from offers.eligibility import refusal
from offers.members import Profile
from offers.money import Money
from offers.products import Product
from offers.withheld import Withheld
from offers.wording import PLACEHOLDERS, Mention, Unsayable, placeholders, word
from tests.offers.samples import DAY, HOUR, NOON, PARIS, SERUM, at, campaign, candidate, member, rules

TEXTS = {
    "fr": Text("Ton offre chez $store", "Votre offre chez $store"),
    "en": Text("Your offer at $store", "Your offer at $store"),
    "de": Text("Dein Angebot bei $store", "Ihr Angebot bei $store"),
}


def read(template: str, language: str = "fr", profile: Profile | None = None, **mentioned: Any) -> str:
    """`template` as a member reads it; no-break spaces as spaces."""
    mention = Mention("Haussmann", profile or Profile(locale=language), NOON, PARIS, **mentioned)
    said = word({language.partition("-")[0]: Text(template, template)}, mention, rules()).text
    return said.replace("\u202f", " ").replace("\xa0", " ")


def greeted(profile: Profile, address: str = "vous") -> tuple[str, str]:
    said = word(TEXTS, Mention("Haussmann", profile, NOON, PARIS), rules(contact=ContactPolicy(address=address)))
    return said.text, said.locale


@pytest.mark.parametrize(
    ("tone", "address", "text"),
    [
        ("tu", "vous", "Ton offre chez Haussmann"),
        ("vous", "tu", "Votre offre chez Haussmann"),
        (None, "vous", "Votre offre chez Haussmann"),
        (None, "tu", "Ton offre chez Haussmann"),
    ],
)
def test_the_tone_is_that_of_the_member_else_that_of_the_retailer(tone: str | None, address: str, text: str) -> None:
    assert greeted(Profile(tone=tone), address) == (text, "fr-FR")


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en-GB", ("Your offer at Haussmann", "en-GB")),
        ("de_CH", ("Ihr Angebot bei Haussmann", "de-CH")),
        ("fr", ("Votre offre chez Haussmann", "fr")),
        (None, ("Votre offre chez Haussmann", "fr-FR")),
        ("it-IT", ("Votre offre chez Haussmann", "fr")),
        ("tlh", ("Votre offre chez Haussmann", "fr")),
        ("", ("Votre offre chez Haussmann", "fr-FR")),
        ("../../etc/passwd", ("Votre offre chez Haussmann", "fr")),
        ("\ud800", ("Votre offre chez Haussmann", "fr")),
    ],
)
def test_the_language_is_that_of_the_member_else_the_first_one(locale: str | None, expected: tuple[str, str]) -> None:
    assert greeted(Profile(locale=locale)) == expected


@pytest.mark.parametrize(
    ("language", "price", "percent", "amount"),
    [
        ("fr-FR", "39,00 €", "-15 %", "-5,50 €"),
        ("en-GB", "€39.00", "-15%", "-€5.50"),
        ("de-DE", "39,00 €", "-15 %", "-5,50 €"),
        ("de-CH", "EUR 39.00", "-15%", "EUR-5.50"),
    ],
)
def test_money_and_percent_are_written_as_the_locale_does(language: str, price: str, percent: str, amount: str) -> None:
    assert read("$price", language, product=SERUM) == price
    assert read("$discount", language, discount=Discount(percent=15)) == percent
    assert read("$discount", language, discount=Discount(amount=Money(550, "EUR"))) == amount


@pytest.mark.parametrize("share", range(1, 101))
def test_every_percent_is_written_whole(share: int) -> None:
    assert read("$discount", discount=Discount(percent=share)) == f"-{share} %"


@pytest.mark.parametrize(
    ("language", "until", "expected"),
    [
        ("fr", NOON + 3 * HOUR, "15:00"),
        ("fr", at("2026-11-20T23:59"), "23:59"),
        ("fr", at("2026-11-21T00:00"), "21 novembre 00:00"),
        ("fr", NOON + 7 * DAY, "27 novembre 12:00"),
        ("en", NOON + 3 * HOUR, "3:00 PM"),
        ("en-GB", NOON + 7 * DAY, "27 November 12:00"),
    ],
)
def test_the_end_of_a_coupon_is_on_the_clock_of_the_store_with_the_date_where_it_is_another_day(
    language: str, until: int, expected: str
) -> None:
    assert read("$coupon_until", language, coupon_until=until) == expected


def test_all_that_a_text_may_name_is_said() -> None:
    profile = Profile(first_name="Anna", points=1_200)
    said = read(
        " / ".join(f"${name}" for name in PLACEHOLDERS),
        profile=profile,
        product=SERUM,
        discount=Discount(percent=15),
        coupon_until=NOON,
        next_contact=NOON,
    )
    expected = "Anna / le sérum 30 ml / Haussmann / -15 % / 39,00 € / 12:00 / 1200 / adopté par toute l'équipe"
    assert said == f"{expected} / 20 novembre"


def test_braces_part_a_placeholder_from_what_follows() -> None:
    assert read("${first_name}s Angebot", profile=Profile(first_name="Anna")) == "Annas Angebot"


def test_no_points_are_points() -> None:
    assert read("$points", profile=Profile(points=0)) == "0"


def test_a_price_of_nothing_is_a_price() -> None:
    assert read("$price", product=Product("gift", "un cadeau", "gifts", Money(0, "EUR"))) == "0,00 €"


def test_what_a_name_holds_is_not_read_as_a_placeholder_or_a_format() -> None:
    for name in ("$store", "${price}", "{0.__class__}", "%s", r"\1", r"\g<0>"):
        assert read("Salut $first_name", profile=Profile(first_name=name)) == f"Salut {name}"


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_what_is_not_known_is_unsayable_but_for_the_store(name: str) -> None:
    if name == "store":
        assert read("$store") == "Haussmann"
    else:
        with pytest.raises(Unsayable, match=name):
            read(f"Voilà ${name}")


def test_a_placeholder_that_does_not_exist_is_unsayable() -> None:
    with pytest.raises(Unsayable, match="telephone"):
        read("Appelle $telephone")


PROFILES = st.builds(
    Profile,
    first_name=st.none() | st.text(st.characters(exclude_characters="$"), max_size=12),
    points=st.none() | st.integers(-1, 2**53),
    locale=st.none() | st.sampled_from(["fr-FR", "en", "de-CH", "ar-EG", "zh-Hans-CN", "x"]) | st.text(max_size=12),
    tone=st.sampled_from([None, "tu", "vous", "du"]),
)
TEMPLATES = st.lists(
    st.sampled_from([*(f"${name}" for name in PLACEHOLDERS), "${price}", "$unknown", " ", "Bonjour "]), max_size=6
).map("".join)
PRODUCTS = st.none() | st.builds(
    Product,
    st.just("p"),
    st.just("le sérum"),
    st.just("skincare"),
    st.none() | st.builds(Money, st.integers(0, 10**12), st.sampled_from(["EUR", "JPY", "XXX", "ZZZ"])),
    st.none() | st.just("adopté"),
)
DISCOUNTS = st.sampled_from([None, Discount(percent=20), Discount(amount=Money(500, "EUR")), Discount()])


@given(profile=PROFILES, template=TEMPLATES, product=PRODUCTS, discount=DISCOUNTS, until=st.none() | st.just(NOON))
def test_a_member_never_reads_a_placeholder(
    profile: Profile, template: str, product: Product | None, discount: Discount | None, until: int | None
) -> None:
    mention = Mention("Haussmann", profile, NOON, PARIS, product, discount, until)
    try:
        said = word({"fr": Text(template, template)}, mention, rules()).text
    except Unsayable:
        assert placeholders(template)
    else:
        assert "$" not in said.replace("US$", "")
        assert "None" not in said


@given(profile=PROFILES)
def test_whoever_the_member_is_a_text_is_worded_or_withheld(profile: Profile) -> None:
    offer = OfferTemplate({"fr": Text("Salut $first_name", "$first_name, $points")})
    refused = refusal(candidate(campaign(offer=offer), member(profile=profile)))
    assert refused is None or refused.reason is Withheld.NO_TEXT
