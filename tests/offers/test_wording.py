"""How an offer reads: language, tone, money and time as the member writes them, and never a placeholder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.campaigns import Discount, OfferTemplate, Text
from offers.contact_policy import ContactPolicy
from offers.eligibility import refusal
from offers.members import Profile
from offers.money import Money
from offers.products import Product, Rating
from offers.templates import names
from offers.withheld import Withheld
from offers.wording import LONGEST, PLACEHOLDERS, Mention, Unsayable, choose, word
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
        ("it-IT", ("Votre offre chez Haussmann", "fr-FR")),
        ("tlh", ("Votre offre chez Haussmann", "fr-FR")),
        ("", ("Votre offre chez Haussmann", "fr-FR")),
        ("../../etc/passwd", ("Votre offre chez Haussmann", "fr-FR")),
        ("\ud800", ("Votre offre chez Haussmann", "fr-FR")),
    ],
)
def test_the_language_is_that_of_the_member_else_that_of_the_retailer(
    locale: str | None, expected: tuple[str, str]
) -> None:
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
        product=replace(SERUM, rating=Rating(4.6, 1_212)),
        discount=Discount(percent=15),
        coupon_until=NOON,
        next_contact=NOON,
        visits=6,
    )
    expected = "Anna / le sérum 30 ml / Haussmann / -15 % / 39,00 € / 12:00 / 1 200 / adopté par toute l'équipe"
    assert said == f"{expected} / 20 novembre / 4,6 / 1 212 / 6"


BY_LOCALE = {"de": "de", "de-AT": "de-AT", "fr": "fr", "zh-Hant": "zh-Hant"}


@pytest.mark.parametrize(
    ("wanted", "own", "key", "locale"),
    [
        ("de-AT", "fr-FR", "de-AT", "de_AT"),
        ("de-CH", "fr-FR", "de", "de_CH"),
        ("zh-TW", "fr-FR", "zh-Hant", "zh_Hant_TW"),
        ("it-IT", "de-AT", "de-AT", "de_AT"),
        ("it-IT", "de-DE", "de", "de_DE"),
        (None, "fr-BE", "fr", "fr_BE"),
        ("it-IT", "es-ES", "de", "de"),
    ],
)
def test_the_text_is_that_of_the_locale_then_its_language_then_the_retailers_then_any(
    wanted: str | None, own: str, key: str, locale: str
) -> None:
    chosen, text = choose({name: Text(name, name) for name in BY_LOCALE}, wanted, own)
    assert (text.tu, str(chosen)) == (key, locale)


@pytest.mark.parametrize(
    ("language", "points", "expected"),
    [
        ("fr", 0, "0 point"),
        ("fr", 1, "1 point"),
        ("fr", 2, "2 points"),
        ("fr", -2, "-2 points"),
        ("en", 0, "0 points"),
        ("en", 1, "1 point"),
    ],
)
def test_a_word_follows_its_number(language: str, points: int, expected: str) -> None:
    template = "$points ${points: one point, other points}"
    assert read(template, language, Profile(locale=language, points=points)) == expected


@pytest.mark.parametrize(("visits", "expected"), [(1, "wizyta"), (3, "wizyty"), (5, "wizyt"), (22, "wizyty")])
def test_a_language_with_more_forms_has_them(visits: int, expected: str) -> None:
    forms = "${visits: one wizyta, few wizyty, many wizyt, other wizyty}"
    assert read(forms, "pl", visits=visits) == expected


def test_a_form_of_what_is_no_number_or_not_known_is_unsayable() -> None:
    for template in ("${points: one point, other points}", "${store: one shop, other shops}", "${reviews: one avis}"):
        with pytest.raises(Unsayable):
            read(template, product=replace(SERUM, rating=Rating(4.0, 7)))


def test_where_a_text_cannot_be_said_the_next_one_is() -> None:
    text = Text("$first_name, $points", "-", Text("$first_name !", "-", Text("Salut !", "Bonjour !")))
    greetings = [
        (Profile(first_name="Anna", points=3, tone="tu"), "Anna, 3"),
        (Profile(first_name="Anna", tone="tu"), "Anna !"),
        (Profile(points=3, tone="tu"), "Salut !"),
    ]
    for profile, greeting in greetings:
        assert word({"fr": text}, Mention("Haussmann", profile, NOON, PARIS), rules()).text == greeting


def test_what_cannot_be_said_at_all_says_why_for_each_text() -> None:
    text = Text("$first_name", "$first_name", Text("$points", "$points"))
    with pytest.raises(Unsayable, match=r"\$first_name is not known; \$points is not known"):
        word({"fr": text}, Mention("Haussmann", Profile(), NOON, PARIS), rules())


def test_a_text_longer_than_a_notification_is_unsayable_and_a_shorter_one_takes_its_place() -> None:
    just, long = "Anna " + "x" * (LONGEST - 5), "Anna " + "x" * (LONGEST - 4)
    profile = Profile(first_name="Anna")
    assert read(just.replace("Anna", "$first_name"), profile=profile) == just
    with pytest.raises(Unsayable, match="179 characters"):
        read(long.replace("Anna", "$first_name"), profile=profile)
    text = Text(long, long, Text("court", "court"))
    assert word({"fr": text}, Mention("Haussmann", profile, NOON, PARIS), rules()).text == "court"


def test_a_name_is_said_on_one_line() -> None:
    assert read("Salut $first_name !", profile=Profile(first_name=" Anna\n Lisa ")) == "Salut Anna Lisa !"


def test_braces_part_a_placeholder_from_what_follows() -> None:
    assert read("${first_name}s Angebot", profile=Profile(first_name="Anna")) == "Annas Angebot"


def test_no_points_are_points() -> None:
    assert read("$points", profile=Profile(points=0)) == "0"


def test_a_price_of_nothing_is_a_price() -> None:
    assert read("$price", product=Product("gift", "un cadeau", "gifts", Money(0, "EUR"))) == "0,00 €"


def test_what_a_name_holds_is_not_read_as_a_placeholder_or_a_format() -> None:
    for name in ("{0.__class__}", "%s", r"\1", r"\g<0>"):
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
        assert names(template)
    else:
        assert "$" not in said.replace("US$", "")
        assert "None" not in said


@given(profile=PROFILES)
def test_whoever_the_member_is_a_text_is_worded_or_withheld(profile: Profile) -> None:
    offer = OfferTemplate({"fr": Text("Salut $first_name", "$first_name, $points")})
    refused = refusal(candidate(campaign(offer=offer), member(profile=profile)))
    assert refused is None or refused.reason is Withheld.NO_TEXT


@pytest.mark.parametrize(
    ("name", "is_said"), [("$first_name", False), ("${store}", False), ("Ke$ha", True), ("$ 5", True)]
)
def test_a_name_that_holds_a_placeholder_itself_is_not_said(name: str, is_said: bool) -> None:
    """What a template of the shop left over in its own files never reaches a customer."""
    if is_said:
        assert read("Bonjour $first_name", profile=Profile(first_name=name)) == f"Bonjour {name}"
    else:
        with pytest.raises(Unsayable, match="holds a placeholder"):
            read("Bonjour $first_name", profile=Profile(first_name=name))


@pytest.mark.parametrize(
    ("language", "until"),
    [("fr", "1er décembre 12:00"), ("fr-CA", "1er décembre 12 h 00"), ("en-GB", "1 December 12:00")],
)
def test_the_first_of_a_month_is_an_ordinal_in_french(language: str, until: str) -> None:
    assert read("$coupon_until", language, coupon_until=NOON + 11 * DAY) == until
