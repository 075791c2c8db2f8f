import json

import pytest

from itlim.datasets import preview_dataset
from itlim.errors import DatasetError
from itlim.records import DatasetFormat, FileKind
from itlim.schema import INSTANCES


@pytest.fixture
def written(tmp_path):
    def write(*lines):
        path = tmp_path / "set.jsonl"
        texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        path.write_text("\n".join(texts), encoding="utf-8")
        return path

    return write


def test_a_preview_shows_the_recognized_format_and_why(written):
    good = {"instruction": "Q", "context": "I", "response": "A", "category": "x"}
    path = written(good, "broken", {"instruction": "Q2", "response": ""}, good, good, good)
    preview = preview_dataset(path, rows=2)
    assert (preview.kind, preview.format) == (FileKind.JSONL, DatasetFormat.DOLLY)
    assert preview.mapping.as_dict() == {
        "instruction": "instruction",
        "input": "context",
        "response": "response",
    }
    assert preview.reasons == ("'instruction' and 'response' in 5 of the first 5 rows",)
    assert preview.columns == ("instruction", "context", "response", "category")
    assert json.loads(preview.first_rows[0]) == good
    assert preview.instances.schema == INSTANCES
    # Instances are numbered as in the whole dataset and in its index.
    assert preview.instances["instance_id"].to_pylist() == ["set-1", "set-4"]
    assert [(bad.line, bad.reason) for bad in preview.bad_rows] == [
        (2, "invalid JSON: Expecting value"),
        (3, "'response' is empty"),
    ]
    assert (preview.files, preview.n_bytes) == (("set.jsonl",), path.stat().st_size)


def test_without_a_format_the_preview_shows_the_columns_to_choose_from(written):
    path = written({"ask": "Q", "reply": "A"})
    preview = preview_dataset(path)
    assert preview.format is None
    assert preview.columns == ("ask", "reply")
    assert preview.first_rows == ('{"ask": "Q", "reply": "A"}',)
    assert preview.instances.num_rows == 0
    assert preview.bad_rows == ()
    assert "cannot be recognized" in preview.reasons[0]
    mapped = preview_dataset(path, mapping={"instruction": "ask", "response": "reply"})
    assert mapped.format is DatasetFormat.MAPPED
    assert mapped.reasons == ("instruction from 'ask' (given)", "response from 'reply' (given)")
    assert mapped.instances["response"].to_pylist() == ["A"]


def test_an_invalid_mapping_is_an_error_not_a_preview(written):
    with pytest.raises(DatasetError, match="no column 'question'"):
        preview_dataset(written({"ask": "Q"}), mapping={"instruction": "question"})


def test_a_preview_reads_only_the_first_rows(written):
    rows = [{"prompt": "Q", "completion": "A"}] * 40
    preview = preview_dataset(written(*rows, *["broken"] * 40))
    assert preview.bad_rows == ()


def test_a_preview_reads_past_invalid_rows_at_the_start(written):
    preview = preview_dataset(written(*["#"] * 500, {"prompt": "Q", "completion": "A"}))
    assert preview.format is DatasetFormat.PROMPT_RESPONSE
    assert preview.instances["source_line"].to_pylist() == [501]
    assert len(preview.bad_rows) == 500
