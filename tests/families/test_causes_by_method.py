"""Reading the leave-out benchmark's output: the shipped file, and invalid files."""

import json

import pytest

from itlim.errors import InputError, NotFoundError
from itlim.families.demo.causes_by_method import (
    ALL_CASES,
    CASES_WITHOUT_SOURCE,
    METHODS_FILE,
    method_findings,
)
from itlim.statistics.finding import by_group
from tests.benchmarks.bench_leave_out import summary


def test_no_method_in_the_shipped_file_beats_the_oracle():
    for key in ("hit_1", "gone"):
        found = by_group(method_findings(), key, ALL_CASES)
        assert {"oracle", "itlim", "gradient cosine", "Sentence-BERT (D.1)"} <= set(found)
        for mine in found.values():
            assert mine.value <= found["oracle"].value
            assert mine.interval[0] <= mine.value <= mine.interval[1]
            assert mine.n > 0


def test_a_measure_without_cases_is_undefined(tmp_path):
    row = {"method": "m", "n": 1, "hit_1": None, "gone": None, "drop": None, "more": 1}
    written = {
        "split": "test",
        "blocks": {name: [row] for name in (ALL_CASES, CASES_WITHOUT_SOURCE)},
    }
    path = tmp_path / "methods.json"
    path.write_text(json.dumps(summary(written)))
    undefined = by_group(method_findings(path), "hit_1", CASES_WITHOUT_SOURCE)["m"]
    assert (undefined.value, undefined.n, undefined.interval) == (None, 0, None)


def test_the_error_for_a_missing_or_invalid_file_says_how_to_make_it(tmp_path):
    with pytest.raises(NotFoundError, match="bench_leave_out --summary"):
        method_findings(tmp_path / "none.json")
    path = tmp_path / METHODS_FILE.name
    for text in ("{", "[]", '{"blocks": {}}'):
        path.write_text(text)
        with pytest.raises(InputError, match="run it again"):
            method_findings(path)
