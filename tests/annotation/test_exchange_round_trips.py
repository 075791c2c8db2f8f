import io
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from exchanged import CAT, DOG_ITEM, items_of, row, tables
from hypothesis import HealthCheck, given, settings

from itlim.annotation.exchange import (
    SUFFIXES,
    ExchangeFormat,
    read_annotations,
    row_of,
    unsupported_fields,
    write_annotations,
)
from itlim.errors import InputError
from itlim.records import Sheet, SheetStatus

FORMATS = list(ExchangeFormat)
LOSSLESS = [one for one in FORMATS if not unsupported_fields(one)]
unhurried = settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)


def test_itlim_jsonl_and_parquet_lose_nothing_and_the_others_state_what_they_lose():
    assert LOSSLESS == ["itlim-jsonl", "parquet"]
    assert any("verdicts" in one for one in unsupported_fields("csv"))
    assert any("notes" in one for one in unsupported_fields("doccano"))
    with pytest.raises(InputError, match=r"xlsx.*choose one of"):
        unsupported_fields("xlsx")
    assert set(SUFFIXES) == set(FORMATS)


@pytest.mark.parametrize("format", LOSSLESS)
@unhurried
@given(tables())
def test_lossless_formats_restore_every_row_whether_or_not_its_item_is_known(format, rows):
    data = write_annotations(rows, format)
    for known in (items_of(rows), {}):
        back = read_annotations(data, format, known=known)
        assert not back.rejected
        assert list(back.rows) == rows
        assert write_annotations(back.rows, format) == data
        assert {one.item_id for one in back.new_items} == (set() if known else set(items_of(rows)))


@pytest.mark.parametrize("format", FORMATS)
@unhurried
@given(tables())
def test_every_format_gives_the_same_bytes_after_a_round_trip(format, rows):
    data = write_annotations(rows, format)
    back = read_annotations(data, format, known=items_of(rows))
    assert not back.rejected
    assert write_annotations(back.rows, format) == data


@pytest.mark.parametrize("format", FORMATS)
@unhurried
@given(tables())
def test_every_format_keeps_texts_offsets_labels_annotators_and_empty_submissions(format, rows):
    back = read_annotations(write_annotations(rows, format), format, known=items_of(rows))

    def kept(one):
        places = [(mark.start, mark.stop, mark.quote, mark.label) for mark in one.marks]
        return one.item_id, one.annotator, one.status, one.text, places

    assert [kept(one) for one in back.rows] == [kept(one) for one in rows]


@unhurried
@given(tables())
def test_csv_loses_only_what_it_states(rows):
    back = read_annotations(write_annotations(rows, "csv"), "csv", known=items_of(rows))
    assert list(back.rows) == [replace(one, judgments=()) for one in rows]


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_submission_and_a_skipped_response_are_kept(format):
    rows = [
        row(),
        row(annotator="a2", status=SheetStatus.SKIPPED),
        row(annotator="a3", marks=(CAT,)),
    ]
    back = read_annotations(write_annotations(rows, format), format, known={})
    assert [(one.annotator, one.status, len(one.marks)) for one in back.rows] == [
        ("a1", "submitted", 0),
        ("a2", "skipped", 0),
        ("a3", "submitted", 1),
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_without_rows_is_noted(format):
    back = read_annotations(write_annotations([], format), format, known={})
    assert back.rows == ()
    assert "the file contains no annotations" in back.notes


@pytest.mark.parametrize("format", FORMATS)
def test_half_a_surrogate_pair_is_rejected_when_writing(format):
    text = "half \ud83d"
    with pytest.raises(InputError, match="surrogate"):
        write_annotations([row(text=text)], format)


@pytest.mark.parametrize("format", FORMATS)
def test_garbage_raises_an_error_that_states_what_was_expected(format):
    for data in (b"\x89PNG\r\n\x1a\n\x00\xff", b"not a file of any kind", b"12", b"{"):
        with pytest.raises(InputError, match=r"[Ee]xpected|Not "):
            read_annotations(data, format, known={})


def test_an_unknown_format_is_an_error_that_names_the_formats():
    with pytest.raises(InputError, match=r"conll.*itlim-jsonl"):
        read_annotations(b"", "conll", known={})


def test_parquet_keeps_meaning_and_unit_of_its_columns():
    table = pq.read_table(io.BytesIO(write_annotations([row(marks=(CAT,))], "parquet")))
    assert table.schema.metadata[b"schema"] == b"itlim.span/1"
    assert table.schema.field("active_ms").metadata[b"unit"] == b"ms"
    assert table["spans"].to_pylist()[0][0]["quote"] == "Cheshire Cat"


def test_a_row_contains_the_item_and_the_sheet():
    one = row(marks=(CAT,), comment="hm", suggestions_on=True, revealed=True, active_ms=3)
    sheet = Sheet(
        marks=one.marks, comment="hm", status=one.status, suggestions_on=True, revealed=True,
        active_ms=3, version=7, can_undo=True,
    )  # fmt: skip
    assert row_of(DOG_ITEM, "a1", sheet) == one
