"""What `make mutants` changes: one thing at a time, and never a type."""

import ast

import pytest

from tools.mutations import mutated, mutations

SOURCE = '''\
Shape = Circle | Polygon

def weight(beyond: float | None, reach: float = 15.0) -> float | None:
    """A doc with 3 numbers."""
    told(beyond)
    if beyond is None or reach <= 0:
        return min(beyond, -1)
    return beyond / reach if True else 7

async def tell(place: Literal[3]) -> Literal[4]:
    await told(place)

@dataclass(frozen=True, slots=True)
class Told(Struct, frozen=True):
    often: int = 3
'''


def changes_of(line):
    return {each.after for each in mutations(SOURCE) if each.line == line}


def test_types_and_docstrings_are_left_alone():
    assert changes_of(1) == changes_of(4) == changes_of(10) == changes_of(13) == changes_of(14) == set()
    assert changes_of(3) == {"30.0"}


@pytest.mark.parametrize(
    ("line", "after"),
    [
        (5, {"pass"}),
        (11, {"pass"}),
        (15, {"6", "2"}),
        (
            6,
            {
                "if not (beyond is None or reach <= 0): …",
                "beyond is None and reach <= 0",
                "beyond is not None",
                "reach < 0",
                "reach > 0",
                "1",
            },
        ),
        (7, {"max(beyond, -1)", "1", "2", "0"}),
        (8, {"7 if True else beyond / reach", "beyond * reach", "False", "14", "6"}),
    ],
)
def test_each_kind_of_change_is_made(line, after):
    assert changes_of(line) == after


def test_each_mutant_differs_from_the_source_and_from_the_others():
    every = [ast.unparse(mutated(SOURCE, each.number)) for each in mutations(SOURCE)]
    assert len({*every, ast.unparse(ast.parse(SOURCE))}) == len(every) + 1
