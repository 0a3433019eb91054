"""How good are the tests? A seeded sample of changes to what matters most, each held against a suite of seconds.

`python -m tools.mutants [--subject offers] [--sample 200] [--seed 1]` tries so many changes of each subject and prints
every one that no test noticed. What came of each is kept in a file: a run goes on where the one before was stopped,
and asks again of what no test noticed once the tests are others.
"""

import argparse
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import NamedTuple

import orjson

from tools.mutations import Mutation, mutated, mutations
from tools.subjects import SUBJECTS, Subject
from tools.suite import ROOT, Change, Ran, prepare, ran

RESULTS = ROOT / "build" / "mutants.jsonl"
SHOWN = 20
"""Changes between two words of how far it is."""


class Mutant(NamedTuple):
    """One change of one file, whose source has a digest."""

    file: str
    digest: str
    mutation: Mutation

    def __str__(self) -> str:
        return f"{self.file}:{self.mutation.line}: {self.mutation.before}  ->  {self.mutation.after}"


class Results:
    """What came of each mutant: the test that noticed it, or none of those with a digest. A line each in a file."""

    def __init__(self, path: Path, tests: str) -> None:
        self._path, self._tests = path, tests
        self._noticed_by: dict[tuple[str, str, int], str | None] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in path.read_bytes().splitlines() if path.exists() else ():
            file, digest, number, tests_then, noticed_by = orjson.loads(line)
            if noticed_by is not None or tests_then == tests:
                self._noticed_by[file, digest, number] = noticed_by

    def __contains__(self, mutant: Mutant) -> bool:
        return _key(mutant) in self._noticed_by

    def __getitem__(self, mutant: Mutant) -> str | None:
        return self._noticed_by[_key(mutant)]

    def __setitem__(self, mutant: Mutant, noticed_by: str | None) -> None:
        self._noticed_by[_key(mutant)] = noticed_by
        with self._path.open("ab") as file:
            file.write(orjson.dumps([*_key(mutant), self._tests, noticed_by]) + b"\n")

    def noticed(self, file: str) -> Counter[str]:
        """How many changes of a file each file of tests noticed."""
        found = (by for (changed, *_), by in self._noticed_by.items() if by is not None and changed == file)
        return Counter(by.partition("::")[0] for by in found)


def _key(mutant: Mutant) -> tuple[str, str, int]:
    return mutant.file, mutant.digest, mutant.mutation.number


def digest(*sources: str) -> str:
    """A name for what stands in some files."""
    return blake2b("\0".join(sources).encode(), digest_size=8).hexdigest()


def sources(subject: Subject) -> dict[str, str]:
    """The files of a subject as they are now: they may change while the changes are tried."""
    return {file: (ROOT / file).read_text("utf-8") for file in subject.files}


def sample(sources: Mapping[str, str], count: int, seed: int) -> list[Mutant]:
    """So many changes of these files, in an order drawn as well: the first few are a sample, too."""
    every: list[Mutant] = []
    for file, source in sources.items():
        every += [Mutant(file, digest(source), each) for each in mutations(source)]
    Random(seed).shuffle(every)
    return every[:count]


def sound(name: str, subject: Subject) -> Ran:
    """The suite as it is; ends the run where it fails: after that all would count as noticed."""
    found = ran(subject)
    if found.failed is not None:
        sys.exit(f"{name}: {found.failed} fails without any change")
    return found


def seconds_used() -> float:
    """CPU of all forks so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def tried(
    subject: Subject, before: Mapping[str, str], mutants: list[Mutant], results: Results, whole: Ran, pause: Path | None
) -> Iterator[Mutant]:
    """Each mutant, once it is known what came of it. First the tests that noticed most of its file, then quick ones."""
    for mutant in mutants:
        if mutant not in results:
            while pause is not None and pause.exists():
                time.sleep(1)
            noticed = results.noticed(mutant.file)
            tests = sorted(subject.tests, key=lambda test: (-noticed[test], whole.seconds.get(test, 0.0)))
            change = Change(mutant.file, mutated(before[mutant.file], mutant.mutation.number))
            results[mutant] = ran(subject._replace(tests=tuple(tests)), change).failed
        yield mutant


def run(name: str, count: int, seed: int, path: Path, pause: Path | None) -> float:
    """The share of the sample of a subject that a test noticed; prints the others."""
    subject, began = SUBJECTS[name], time.monotonic()
    before = sources(subject)
    prepare(subject)
    used = seconds_used()
    whole = sound(name, subject)
    took = seconds_used() - used
    tests = digest(*((ROOT / test).read_text("utf-8") for test in subject.tests))
    results, mutants, left = Results(path, tests), sample(before, count, seed), []
    todo = sum(mutant not in results for mutant in mutants)
    print(
        f"== {name}: {todo} of {len(mutants)} changes to try, seed {seed}; its suite takes {took:.1f} s of CPU",
        flush=True,
    )
    for done, mutant in enumerate(tried(subject, before, mutants, results, whole, pause), 1):
        if results[mutant] is None:
            left.append(mutant)
            print(mutant, flush=True)
        if done % SHOWN == 0:
            minutes = (time.monotonic() - began) / 60
            print(f"{name}: {done - len(left)} of {done}, {minutes:.0f} min", file=sys.stderr, flush=True)
    sound(name, subject)
    share = 1 - len(left) / len(mutants)
    print(f"{name}: {len(mutants) - len(left)} of {len(mutants)} noticed ({share:.1%}), {subject.aim:.0%} asked for")
    return share


def main() -> None:
    """Each subject, in a process of its own where there are several: each imports other libraries."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subject", choices=SUBJECTS, action="append", help="instead of all")
    parser.add_argument("--sample", type=int, default=200, help="of each subject")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS, help="where what came of each is kept")
    parser.add_argument("--pause-while", type=Path, metavar="FILE", help="wait for as long as this file exists")
    asked = parser.parse_args()
    os.chdir(ROOT)
    missed = [
        name
        for name in asked.subject or SUBJECTS
        if run(name, asked.sample, asked.seed, asked.results, asked.pause_while) < SUBJECTS[name].aim
    ]
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
