"""Files of published preferences: what is read, and what is rejected with its reason."""

import json

import pytest

from itlim.errors import DatasetError
from itlim.remedies.preference_files import read_instructions, read_preferences

KNOWN = {("ant", "Q"): ["run1"], ("bee", "Q"): ["run2"], ("cow", "Q"): ["run3", "run4"]}


def lines(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def row(first="ant", second="bee", preference=1, **columns):
    names = {"id": 7, "output_1_model": first, "output_2_model": second}
    return names | {"preference": preference} | columns


def read(tmp_path, *rows, asked=None):
    path = lines(tmp_path / "gpt4-preferences.jsonl", *rows)
    return read_preferences(path, lambda *one: KNOWN.get(one, []), asked=asked or {"7": "Q"})


def verdicts(found):
    names = ("pair_first", "pair_second", "run_first", "run_second", "preference")
    return [tuple(one[name] for name in names) for one in found.preferences.to_pylist()]


def test_preferences_are_those_of_pairs_in_alphabetical_order(tmp_path):
    found = read(tmp_path, row(), row("bee", "ant"), row(preference=2.0), row(preference=1.5),
                 row(preference=0))  # fmt: skip
    assert found.rejected == ()
    assert found.models == (("ant", "bee"),)
    same = ("ant", "bee", "run1", "run2")
    assert verdicts(found) == [(*same, one) for one in ("first", "second", "second", "tie", "tie")]
    assert set(found.preferences["judge"].to_pylist()) == {"gpt4-preferences"}
    assert set(found.preferences["in_order"].to_pylist()) == {None}


def test_other_names_of_columns_and_an_instruction_of_its_own_are_read(tmp_path):
    one = {"generator_1": "ant", "generator_2": "bee", "preference": 2, "instruction": "Q"}
    found = read(tmp_path, one | {"annotator": "weighted"}, asked={"1": "other"})
    assert verdicts(found) == [("ant", "bee", "run1", "run2", "second")]
    assert found.preferences["judge"].to_pylist() == ["weighted"]


def test_what_is_no_preference_is_rejected_with_its_reason(tmp_path):
    found = read(
        tmp_path,
        row(preference=None),
        row(preference=True),
        row(preference=1.2),
        row("dog"),
        row("cow"),
        row(id=8),
        {"preference": 1},
    )
    assert verdicts(found) == []
    reasons = [reason for _, reason in found.rejected]
    assert [line for line, _ in found.rejected] == list(range(1, 8))
    assert ["expected 1 or 2" in one for one in reasons[:3]] == [True] * 3
    assert "no answer of 'dog' to this instruction is stored: import" in reasons[3]
    assert "2 different answers of 'cow' to this instruction are stored" in reasons[4]
    assert "no answer with its id has one" in reasons[5]
    assert "it has no output_1_model or generator_1" in reasons[6]


def test_instructions_by_id_include_the_input(tmp_path):
    rows = [{"id": 1, "instruction": "Add.", "input": "2"}, {"id": "x", "instruction": "Go. "}]
    path = lines(tmp_path / "a.jsonl", *rows, {"instruction": "No id."}, {"id": 3})
    assert read_instructions(path) == {"1": "Add.\n2", "x": "Go."}


def test_a_file_of_another_kind_is_an_error(tmp_path):
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-1.7 no preferences")
    with pytest.raises(DatasetError):
        read_preferences(path, lambda *_: [])
