"""Members out of files: what is right is sent, what is wrong is told at its place, and nothing of it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.importing.lines import About, Lost, Told
from streams.importing.objects import members_of_objects
from streams.importing.tables import MOST_LINES, members_of_table
from streams.topics import MEMBER_CHANGES

AT = 1_795_172_400_000
ABOUT = About("file", "shop", AT, AT)

Reader = Callable[[Iterable[bytes], About], Iterator[Told]]


def lines(text: str | bytes) -> list[bytes]:
    return (text if isinstance(text, bytes) else text.encode()).splitlines(keepends=True)


def sent(read: Reader, text: str | bytes) -> list[dict[str, object]]:
    """The messages of a file in which nothing is wrong, without what is the same in all."""
    found = list(read(lines(text), ABOUT))
    assert [str(finding) for each in found for finding in each.findings] == []
    messages = []
    for each in found:
        assert each.sent is not None
        message = orjson.loads(each.sent.value or b"")
        assert (each.sent.topic, each.sent.key) == (MEMBER_CHANGES.name, f"shop|{message['member']}".encode())
        assert message.pop("retailer") == "shop"
        messages.append(message)
    return messages


def wrong(read: Reader, text: str | bytes) -> tuple[list[str], int]:
    """What is told to be wrong, and how many messages are sent all the same."""
    try:
        found = list(read(lines(text), ABOUT))
    except Lost as lost:
        return [str(finding) for finding in lost.findings], 0
    return [str(finding) for each in found for finding in each.findings], sum(each.sent is not None for each in found)


NOON = "2026-11-20T11:00:00.000Z"


def test_a_table_says_of_each_member_what_stands_in_its_columns_and_nothing_of_empty_cells() -> None:
    text = (
        "member,tier,points,joined,devices,attributes.segment,attributes.size,attributes.new,attributes.postcode:text,"
        "consent.offers,consent.notices,consent.version,deleted\n"
        "m1,gold,120,2025-01-10,d1 d2,student,4.5,true,01210,yes,no,2026-1,\n"
        'm2,"silver, old",,,,007,-3,,,,,,no\n'
        "\n"
    )
    version = {"at": NOON, "version": "2026-1"}
    consent = {"offers": {"granted": True, **version}, "notices": {"granted": False, **version}}
    assert sent(members_of_table, text) == [
        {
            "member": "m1",
            "at": NOON,
            "tier": "gold",
            "points": 120,
            "joined": "2025-01-10T12:00:00Z",
            "devices": ["d1", "d2"],
            "attributes": {"segment": "student", "size": 4.5, "new": True, "postcode": "01210"},
            "consent": consent,
        },
        {
            "member": "m2",
            "at": NOON,
            "tier": "silver, old",
            "attributes": {"segment": "007", "size": -3},
            "deleted": False,
        },
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_tables_of_other_programs_are_read_alike(delimiter: str, end: str, mark: str) -> None:
    rows = (("member", "first_name", "tier"), ("m1", '"Zoé ""Z""\nde X"', "gold"), ("m2", "", "gold"))
    text = mark + "".join(delimiter.join(row) + end for row in rows)
    first, second = sent(members_of_table, text)
    assert (first["first_name"], second["member"]) == ('Zoé "Z"\nde X', "m2")
    assert "first_name" not in second


def test_a_row_may_say_when_it_was_so() -> None:
    text = "member,at,consent.offers\nm1,2026-01-02T03:04:05Z,yes\n"
    (message,) = sent(members_of_table, text)
    assert message["at"] == "2026-01-02T03:04:05Z"
    assert message["consent"] == {"offers": {"granted": True, "at": "2026-01-02T03:04:05Z", "version": ""}}


def test_an_object_says_what_a_member_message_says() -> None:
    text = '{"type":"member","member":"m1","attributes":{"a":null,"b":1}}\n\n{"member":"m2","at":5,"retailer":"shop"}\n'
    first, second = sent(members_of_objects, text)
    assert first == {"member": "m1", "at": NOON, "attributes": {"a": None, "b": 1}}
    assert second == {"member": "m2", "at": 5}


HEAD = "member,points,tone,consent.offers,emails_hashed\n"
ADDRESS = "`emails_hashed` holds an address as it is, which must not leave your house; list hashes"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("m1,twelve,,,", "2:4: `points`: no whole number; write a whole number, as in 1200"),
        ("m1,1.5,,,", "2:4: `points`: no whole number; write a whole number, as in 1200"),
        ("m1,,thou,,", "2:5: `tone`: not one of the values there are; write tu or vous"),
        ("m1,,,perhaps,", "2:6: `consent.offers`: neither yes nor no; write yes or no"),
        ("m1,,,,zoe@example.org", f"2:7: {ADDRESS}"),
        (",1,,,", "2:1: `member` is missing; name the member"),
        ("device|m1,,,,", "2:1: `member`: expected `str` matching regex"),
        ("m1,,,", "2:1: 4 cells, and the first line names 5 columns; leave cells empty, not out"),
        ("m1,,,,,", "2:1: 6 cells, and the first line names 5 columns; put a cell that holds `,` in quotes"),
        ('m1,a"b,,,', "2:5: a quote that is not closed; close it, or write it twice"),
        ('m1,a"b"c,,,', "2:4: a quote within a cell; put the whole cell in quotes"),
        ('m1,"a" b,,,', "2:4: a quote within a cell; put the whole cell in quotes"),
        ('m1,"12,,,', "2:4: a quote that is not closed; close it, or write it twice"),
    ],
)
def test_a_row_that_is_wrong_is_told_at_its_place_and_the_others_are_sent(row: str, expected: str) -> None:
    found, others = wrong(members_of_table, f"{HEAD}{row}\nm2,1,tu,yes,\nm3,2,,,\n")
    assert len(found) == 1
    assert found[0].startswith(f"file:{expected}")
    assert others == 2


def test_a_quote_that_is_never_closed_takes_no_other_row_with_it() -> None:
    rows = "".join(f"m{number},1,,,\n" for number in range(2 * MOST_LINES))
    found, others = wrong(members_of_table, f'{HEAD}m0,"1,,,\n{rows}m1,"2,,,\n{rows}')
    assert [each.split(": ")[0] for each in found] == ["file:2:4", f"file:{2 * MOST_LINES + 3}:4"]
    assert others == 4 * MOST_LINES
    found, others = wrong(members_of_table, f'{HEAD}m0,"1,,,\nm2,1,,,\nm1,"2,,,\nm3,1,,,\n')
    assert ([each.split(": ")[0] for each in found], others) == (["file:2:4", "file:4:4"], 2)


def test_all_cells_of_a_row_that_are_wrong_are_told() -> None:
    found, _ = wrong(members_of_table, f"{HEAD}m1,x,,y,\n")
    assert [each.split(": ")[0] for each in found] == ["file:2:4", "file:2:7"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("Zoé,gold", ["1:1: the first line names no column `member`; name the columns there, as in member,tier"]),
        ("", ["1:1: there is nothing in the file; name the columns in the first line, as in member,tier"]),
        (
            "member,teir,attributes,attributes.,consent.ofers,attributes.a:b",
            [
                "1:8: `teir` is no column; did you mean `tier`? What is your own is called as in attributes.segment",
                "1:13: `attributes` is no column; ",
                "1:24: `attributes.` is no column; ",
                "1:36: `consent.ofers` is no column; ",
                "1:50: `attributes.a:b` is no column; ",
            ],
        ),
        ("member,tier,tier", ["1:13: the column `tier` stands twice; leave one out"]),
        (b"member,pr\xe9nom", ["1:10: this is not UTF-8; save the file as UTF-8, and try again"]),
    ],
)
def test_columns_that_nobody_knows_are_told_before_anything_is_sent(head: str | bytes, expected: list[str]) -> None:
    text = head if isinstance(head, bytes) else head.encode()
    found, others = wrong(members_of_table, text + b"\nm1,gold\n" if text else b"")
    assert len(found) == len(expected)
    assert all(each.startswith(f"file:{start}") for each, start in zip(found, expected, strict=True))
    assert others == 0


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"member":"m1","teir":"gold"}', "2:16: `teir` is no field of a member; did you mean `tier`?"),
        ('{"member":"m1","points":"12"}', "2:16: `points`: expected `int | null`, got `str`; write a whole number"),
        ('{"member":"m1","at":"2030-01-01T00:00:00Z"}', "2:16: `at`: expected a time that has come; write a time"),
        ('{"member":"m1","consent":{"ofers":{}}}', "2:16: `consent`: not one of the values there are; purposes are"),
        ('{"member":"m1","attributes":{"a":[1]}}', "2:16: `attributes`: expected"),
        ('{"member":"m1","emails_hashed":["zoe@example.org"]}', f"2:16: {ADDRESS}"),
        ('{"member":"m1","tier":"gold"', "2:29: this is no JSON; write one object a line"),
        ('{"member":"m1","member":"m2"}', "2:1: a key stands twice in one object; write one object a line"),
        ('{"member":"m1","points":NaN}', "2:1: NaN is no number; write one object a line"),
        ('{"member":"m1","points":1e999}', "2:1: too large a number; write one object a line"),
        (f'{{"member":"m1","points":{"9" * 5_000}}}', "2:1: too large a number; write one object a line"),
        (f'{{"member":"m1","points":{1 << 64}}}', "2:16: `points`: nothing that can be sent"),
        ('{"member":"m1","tier":"\\ud800"}', "2:16: `tier`: nothing that can be sent"),
        ('{"member":"m1","attributes":{"\\ud800":1}}', "2:16: `attributes`: nothing that can be sent"),
        (f'{{"member":"m1","attributes":{"[" * 300}{"]" * 300}}}', "2:16: `attributes`: nothing that can be sent"),
        ('["m1"]', "2:1: this is no object; write one object a line"),
        ("[" * 100_000, "2:1: nested too deeply; write one object a line"),
        ('{"tier":"gold"}', "2:1: `member` is missing; name the member"),
        ('{"type":"ping","member":"m1"}', "2:2: another kind of message; leave out what is none"),
        ('{"retailer":"other","member":"m1"}', "2:2: a member of another retailer; this is for shop"),
        (f'{{"member":"m1","tier":"{"x" * 600_000}"}}', "2:1: a line of 600,0"),
        (b'{"member":"m\xe9"}', "2:13: this is not UTF-8; save the file as UTF-8"),
    ],
)
def test_an_object_that_is_wrong_is_told_at_its_place_and_the_others_are_sent(line: str | bytes, expected: str) -> None:
    whole = line if isinstance(line, bytes) else line.encode()
    found, others = wrong(members_of_objects, b'{"member":"m0"}\n' + whole + b'\n{"member":"m2"}\n')
    assert len(found) == 1
    assert found[0].startswith(f"file:{expected}"), found[0]
    assert others == 2


SECRET = "Zoe-Confidential"


@given(st.sampled_from(["first_name", "points", "at", "joined", "tone", "emails_hashed", "devices", "tier"]), st.data())
def test_nothing_of_what_a_retailer_wrote_about_a_member_is_told(field: str, data: st.DataObject) -> None:
    value = SECRET + data.draw(st.sampled_from(["", '"', "@example.org", "|", "\x00", "é"]))
    table = f"member,{field}\nm1,{value}\n{value},{value},{value}\n"
    told = {"member": value * 20, field: value}
    objects = orjson.dumps(told) + b"\n" + orjson.dumps(told)[:-1] + b"\n"
    for read, text in ((members_of_table, table.encode()), (members_of_objects, objects)):
        found, _ = wrong(read, text)
        assert found
        assert all(SECRET not in each for each in found)
