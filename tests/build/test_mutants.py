"""What `make mutants` draws, and what it need not try again."""

import pytest

from tools.mutants import Results, digest, sample, sources
from tools.subjects import SUBJECTS
from tools.suite import ROOT


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_same_seed_draws_the_same_changes_and_a_smaller_sample_is_their_beginning(subject):
    drawn = sample(sources(SUBJECTS[subject]), 40, 7)
    assert len(drawn) == len(set(drawn)) == 40
    assert sample(sources(SUBJECTS[subject]), 9, 7) == drawn[:9]
    assert sample(sources(SUBJECTS[subject]), 40, 8) != drawn


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_file_that_is_changed_and_every_test_is_there(subject):
    assert [file for file in (*SUBJECTS[subject].files, *SUBJECTS[subject].tests) if not (ROOT / file).is_file()] == []


def test_what_was_tried_is_kept_and_what_nobody_noticed_is_asked_of_other_tests_again(tmp_path):
    noticed, left, other = sample(sources(SUBJECTS["offers"]), 3, 1)
    before = Results(tmp_path / "new" / "results", digest("tests"))
    before[noticed], before[left] = "tests/test_one.py::test[1]", None
    again, others = (Results(tmp_path / "new" / "results", digest(tests)) for tests in ("tests", "other tests"))
    assert [each in again for each in (noticed, left, other)] == [True, True, False]
    assert (again[noticed], again[left]) == ("tests/test_one.py::test[1]", None)
    assert [each in others for each in (noticed, left, other)] == [True, False, False]
    assert others.noticed(noticed.file) == {"tests/test_one.py": 1}
    assert others.noticed("another.py") == {}


def test_of_a_file_that_changed_everything_is_tried_again(tmp_path):
    (mutant,) = sample(sources(SUBJECTS["offers"]), 1, 1)
    results = Results(tmp_path / "results", "tests")
    results[mutant] = "test_one"
    assert mutant._replace(digest=digest("another source")) not in results
