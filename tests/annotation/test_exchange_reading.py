import csv
import io
import json

import pytest
from exchanged import CAT, DOG, DOG_ITEM, names, row, tables, texts
from hypothesis import given
from hypothesis import strategies as st

from itlim.annotation.exchange import read_annotations, write_annotations
from itlim.errors import InputError
from itlim.ids import text_sha256
from itlim.records import Item, MarkOrigin
from itlim.text.utf16 import Utf16Offsets
from itlim.text.words import word_units

KNOWN = {"r1": DOG_ITEM}
OWN = {
    "schema": "itlim.span/1",
    "item_id": "r1",
    "annotator": "a1",
    "text": DOG,
    "text_sha256": DOG_ITEM.text_sha256,
    "offset_unit": "codepoint",
    "status": "submitted",
    "active_ms": 41200,
    "spans": [
        {
            "id": "s1",
            "start": 28,
            "end": 40,
            "quote": "Cheshire Cat",
            "label": "not_factual",
            "origin": "manual",
        }
    ],
    "links": [
        {
            "span_id": "s1",
            "instance_id": "dolly-812",
            "verdict": "causal",
            "rationale": "both about animals",
            "retriever": "verbatim",
            "rank": 1,
        }
    ],
    "counterfactuals": [],
}
LABEL_STUDIO = [
    {
        "id": 1,
        "data": {"text": DOG},
        "annotations": [
            {
                "completed_by": 1,
                "was_cancelled": False,
                "lead_time": 41.2,
                "result": [
                    {
                        "id": "s1",
                        "from_name": "label",
                        "to_name": "text",
                        "type": "labels",
                        "value": {
                            "start": 28,
                            "end": 40,
                            "text": "Cheshire Cat",
                            "labels": ["not_factual"],
                        },
                    }
                ],
            }
        ],
    }
]
DOCCANO = {"id": 1, "text": DOG, "label": [[28, 40, "not_factual"]]}


def read(document, format="itlim-jsonl", known=KNOWN):
    lines = document if isinstance(document, list) and format != "label-studio" else [document]
    text = "\n".join(json.dumps(one, ensure_ascii=False) for one in lines)
    return read_annotations(text.encode(), format, known=known)


def places(imported):
    return [(mark.start, mark.stop, mark.quote, mark.label) for mark in imported.rows[0].marks]


THE_CAT = [(28, 40, "Cheshire Cat", "not_factual")]


def span(**others):
    return OWN | {"spans": [OWN["spans"][0] | others]}


def test_the_example_of_the_itlim_format_is_read():
    imported = read(OWN)
    (one,) = imported.rows
    assert places(imported) == THE_CAT
    assert (one.active_ms, one.status, one.annotator) == (41200, "submitted", "a1")
    assert one.judgments[0].instance_id == "dolly-812"
    assert (one.judgments[0].rank, one.judgments[0].score) == (1, None)
    # What the row does not say, the known item does.
    assert (one.instruction, one.units) == (DOG_ITEM.instruction, DOG_ITEM.units)
    assert (imported.notes, imported.rejected, imported.new_items) == ((), (), ())


def test_the_example_of_label_studio_is_read():
    imported = read(LABEL_STUDIO, "label-studio")
    assert places(imported) == THE_CAT
    (one,) = imported.rows
    assert (one.item_id, one.annotator, one.active_ms) == ("r1", "label-studio-1", 41200)
    assert one.marks[0].origin is MarkOrigin.IMPORTED


@pytest.mark.parametrize(
    "spans",
    [
        {"label": [[28, 40, "not_factual"]]},
        {"labels": [[28, 40, "not_factual"]]},
        {"entities": [[28, 40, "not_factual"]]},
        {"entities": [{"id": 7, "label": "not_factual", "start_offset": 28, "end_offset": 40}]},
        {"label": [], "entities": [{"label": "not_factual", "start_offset": 28, "end_offset": 40}]},
    ],
)
def test_the_example_of_doccano_is_read_under_each_of_its_keys(spans):
    imported = read({"id": 1, "text": DOG} | spans, "doccano")
    assert places(imported) == THE_CAT
    assert imported.rows[0].annotator == "imported"
    assert "read as code points" in imported.notes[0]
    as_list = read_annotations(json.dumps([DOCCANO]).encode(), "doccano", known=KNOWN)
    assert places(as_list) == THE_CAT


def test_utf16_offsets_are_recognized_by_their_quote_and_noted():
    imported = read(span(start=29, end=41))
    assert places(imported) == THE_CAT
    assert imported.notes == ("offsets of row 1 were UTF-16",)
    task = json.loads(json.dumps(LABEL_STUDIO))
    task[0]["annotations"][0]["result"][0]["value"] |= {"start": 29, "end": 41}
    imported = read(task, "label-studio")
    assert places(imported) == THE_CAT
    assert imported.notes == ("offsets of row 1 were UTF-16",)


def test_all_marks_of_a_row_have_the_same_offset_unit():
    text = "🐶 aaaa b"
    spans = [
        # Either unit finds "aa" here; only UTF-16 finds "b".
        {"start": 3, "end": 5, "quote": "aa", "label": "x"},
        {"start": 8, "end": 9, "quote": "b", "label": "x"},
    ]
    imported = read({"text": text, "spans": spans}, known={})
    assert places(imported) == [(2, 4, "aa", "x"), (7, 8, "b", "x")]
    mixed = [spans[0] | {"start": 2, "end": 5, "quote": "aaa"}, spans[1]]
    assert (
        "UTF-16 offsets do not fit either"
        in read({"text": text, "spans": mixed}).rejected[0].reason
    )


def test_a_file_that_declares_utf16_is_read_as_such_first():
    text = "🐶 aaaa"
    spans = [{"start": 3, "end": 5, "quote": "aa", "label": "x"}]
    declared = {"text": text, "spans": spans, "offset_unit": "utf16"}
    assert places(read(declared, known={})) == [(2, 4, "aa", "x")]


@given(texts.filter(bool), st.data())
def test_utf16_offsets_of_any_text_come_back_as_code_points(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    stop = data.draw(st.integers(start + 1, len(text)))
    one, other = Utf16Offsets(text).span(start, stop)
    marked = {"start": one, "end": other, "quote": text[start:stop], "label": "x"}
    document = {"text": text, "spans": [marked], "offset_unit": "utf16"}
    assert places(read(document, known={})) == [(start, stop, text[start:stop], "x")]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (span(start=27, end=39), "the text has ' Cheshire Ca' there, but the file quotes"),
        (span(end=400), "outside the text of 41 code points"),
        (span(start=40, end=28), "is empty or outside"),
        (span(start=-1), "span 1: start: expected a whole number of at least 0, received -1"),
        (span(start="28"), "span 1: start: expected a whole number of at least 0, received '28'"),
        (span(label=""), "mark 1 has no label"),
        (span(label=None), "span 1: lacks 'label'"),
        (span(origin="dreamt"), "expected one of manual, suggested, imported, adjudicated"),
        (span(evidence_url="javascript:alert(1)"),
         "span 1: evidence_url: expected an address such as https://example.org/page"),
        (OWN | {"spans": OWN["spans"] * 2}, "two marks have the id 's1'"),
        (OWN | {"spans": 3}, "spans: expected a list, received 3"),
        (OWN | {"text_sha256": "0" * 64}, "it was changed after it was annotated"),
        (OWN | {"text": DOG + "!", "text_sha256": ""}, "differs from that of item 'r1' from"),
        (OWN | {"schema": "itlim.span/9"},
         "schema: expected 'itlim.span/1', received 'itlim.span/9'"),
        (OWN | {"offset_unit": "byte"},
         "offset_unit: expected 'codepoint' or 'utf16', received 'byte'"),
        (OWN | {"status": "done"}, "expected one of open, submitted, skipped, received 'done'"),
        (OWN | {"text": None}, "lacks 'text'"),
        (OWN | {"annotator": "\ud83d"}, "half a surrogate pair"),
        (OWN | {"links": [{"span_id": "s1"}]}, "link 1: lacks 'instance_id'"),
        (OWN | {"links": 7}, "links: expected a list, received 7"),
        (OWN | {"links": [OWN["links"][0] | {"score": True}]},
         "link 1: score: expected a finite number, received True"),
        (OWN | {"links": [OWN["links"][0] | {"considered": ["d-1", 2]}]},
         "link 1: considered 2: expected a text, received 2"),
        (OWN | {"spans": [3]}, "span 1: expected an object, received 3"),
        (OWN | {"units": [[0, True]]}, "unit 1: expected [start, end], whole numbers"),
        (OWN | {"units": [[0, 1], [2]]},
         "unit 2: expected [start, end], whole numbers of at least 0, received [2]"),
        (OWN | {"revealed": 1}, "revealed: expected true or false, received 1"),
        (OWN | {"active_ms": True}, "expected a whole number of at least 0, received True"),
        (OWN | {"item_id": "new", "text": "a", "text_sha256": "", "spans": [], "units": [[0, 9]]},
         "is outside the text of 1 code points"),
    ],
)  # fmt: skip
def test_a_row_that_does_not_fit_is_rejected_with_number_and_reason_and_the_rest_kept(
    document, reason
):
    good = OWN | {"annotator": "a2"}
    data = "\n".join(map(json.dumps, [good, document, OWN | {"annotator": "a3"}])).encode()
    imported = read_annotations(data, "itlim-jsonl", known=KNOWN)
    assert [one.annotator for one in imported.rows] == ["a2", "a3"]
    assert [one.row_number for one in imported.rejected] == [2]
    assert reason in imported.rejected[0].reason


def test_lines_that_are_not_json_are_rejected_by_number():
    data = json.dumps(OWN).encode() + b'\n{"text": NaN}\n[]\n\n{"te'
    imported = read_annotations(data, "itlim-jsonl", known=KNOWN)
    assert len(imported.rows) == 1
    assert [one.row_number for one in imported.rejected] == [2, 3, 5]


def test_changed_line_endings_are_reported_as_such():
    item = Item(
        item_id="r2", instruction="", text="a\r\nb", text_sha256=text_sha256("a\r\nb"), units=()
    )
    imported = read({"item_id": "r2", "text": "a\nb", "spans": []}, known={"r2": item})
    assert "differs from that of item 'r2' in its line endings" in imported.rejected[0].reason


def test_a_second_row_of_the_same_annotator_and_item_is_rejected():
    imported = read([OWN, OWN | {"spans": []}])
    assert len(imported.rows) == 1
    assert imported.rejected[0].reason == "repeats row 1: 'a1' on item 'r1'"


def test_a_row_without_id_is_matched_by_its_text_unless_several_items_have_it():
    anonymous = {key: value for key, value in OWN.items() if key != "item_id"}
    assert read(anonymous).rows[0].item_id == "r1"
    twin = Item(
        item_id="r2", instruction="Other", text=DOG, text_sha256=DOG_ITEM.text_sha256, units=()
    )
    several = KNOWN | {"r2": twin}
    assert "several items (r1, r2)" in read(anonymous, known=several).rejected[0].reason
    told = read(anonymous | {"instruction": "Other"}, known=several)
    assert told.rows[0].item_id == "r2"
    foreign = read(OWN | {"item_id": "x9"})
    assert foreign.rows[0].item_id == "r1"
    assert foreign.notes == ("row 1 belongs to item 'r1' by its text; the file names 'x9'",)


def test_differences_from_a_known_item_are_noted():
    imported = read(OWN | {"instruction": "Another", "run_id": "def"})
    assert imported.rows[0].instruction == DOG_ITEM.instruction
    assert imported.notes == (
        "row 1 differs in instruction and run_id from item 'r1', which was not changed",
    )


def test_unknown_responses_become_items_with_words_as_units_and_are_noted():
    lines = [{"id": n, "text": "שלום, world"} for n in (1, 2)]
    lines[0]["label"], lines[1]["label"] = [[0, 4, "not_useful"]], []
    lines[1]["annotator"] = "other"
    imported = read(lines, "doccano")
    (new,) = imported.new_items
    assert {one.item_id for one in imported.rows} == {new.item_id}
    assert new.units == word_units("שלום, world") == ((0, 4), (4, 5), (6, 11))
    assert not new.units_are_tokens
    assert imported.notes == (
        "rows without labels were taken as annotated without a mark: 2; doccano does not tell them "
        "from rows that nobody annotated",
        f"new items, whose texts were not known: {new.item_id}",
        f"of these, with words instead of tokens as units: {new.item_id}",
    )


def test_counterfactuals_are_not_kept_and_noted():
    assert read(OWN | {"counterfactuals": [{}]}).notes == ("not kept: 'counterfactuals' (row 1)",)


def test_label_studio_content_that_is_not_imported_is_noted():
    task = json.loads(json.dumps(LABEL_STUDIO[0]))
    annotation = task["annotations"][0]
    region = annotation["result"][0]
    cancelled = {"completed_by": {"email": "b@x.org"}, "was_cancelled": True, "result": []}
    choice = {"id": "c", "type": "choices", "value": {"choices": ["bad"]}}
    annotation["result"].append(choice)
    annotation["result"][0] = region | {"meta": {"text": ["why"]}}
    region["value"]["labels"] = ["not_factual", "not_useful"]
    task["annotations"].append(cancelled)
    task["predictions"] = [{}]
    imported = read(
        [task, {"data": {"text": "x"}, "annotations": []}, {"data": {}}], "label-studio"
    )
    ann, bob = imported.rows
    assert [(mark.id, mark.label, mark.note) for mark in ann.marks] == [
        ("s1", "not_factual", "why"),
        ("s1-2", "not_useful", "why"),
    ]
    assert (bob.annotator, bob.status) == ("b@x.org", "skipped")
    assert imported.notes == (
        "predictions of task 1 were not kept",
        "a result of type 'choices' of task 1 was not kept",
        "task 2 has no annotation",
    )
    assert [one.row_number for one in imported.rejected] == [3]


def test_a_label_studio_quote_with_escaped_line_breaks_fits():
    text = "one\ntwo"
    task = json.loads(json.dumps(LABEL_STUDIO))
    task[0]["data"]["text"] = text
    value = {"start": 2, "end": 5, "text": "e\\nt", "labels": ["x"]}
    task[0]["annotations"][0]["result"][0]["value"] = value
    assert places(read(task, "label-studio")) == [(2, 5, "e\nt", "x")]


def test_label_studio_and_doccano_files_are_as_in_the_design():
    rows = [row(marks=(CAT,), active_ms=41200)]
    (task,) = json.loads(write_annotations(rows, "label-studio"))
    example = LABEL_STUDIO[0]["annotations"][0]
    assert {name: task["annotations"][0][name] for name in example} == example
    assert task["data"]["text"] == DOG
    (line,) = write_annotations(rows, "doccano").decode().splitlines()
    assert {name: json.loads(line)[name] for name in DOCCANO} == DOCCANO
    own = json.loads(write_annotations(rows, "itlim-jsonl"))
    assert [name for name in own if name in OWN] == list(OWN)
    assert "🐶" in line


def test_no_csv_cell_begins_like_a_formula_and_texts_are_restored():
    risky = row(text="=1+1", text_sha256=text_sha256("=1+1"), units=(), comment="'=x", flag="@me")
    data = write_annotations([risky], "csv")
    _, record = csv.reader(io.StringIO(data.decode(), newline=""))
    assert {"'=1+1", "''=x", "'@me"} <= set(record)
    (back,) = read_annotations(data, "csv", known={}).rows
    assert (back.text, back.comment, back.flag) == ("=1+1", "'=x", "@me")


@given(tables())
def test_no_cell_of_any_table_begins_like_a_formula(rows):
    data = write_annotations(rows, "csv").decode()
    cells = [cell for record in csv.reader(io.StringIO(data, newline="")) for cell in record]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_csv_columns_may_have_any_order_and_most_may_be_missing():
    data = f'\ufefflabel,end,start,text,mood\nnot_factual,40,28,"{DOG}",blue\n'.encode()
    imported = read_annotations(data, "csv", known=KNOWN, annotator="me")
    assert places(imported) == THE_CAT
    assert imported.rows[0].annotator == "me"
    assert imported.notes[0] == "columns not kept: mood"


def test_a_bad_csv_row_rejects_its_sheet_and_no_other():
    header = "item_id,annotator,text,start,end,label"
    good = f'r1,{{}},"{DOG}",28,40,not_factual'
    lines = [header, good.format("a1"), good.format("a2"), "r1,a1,short", good.format("a3")]
    lines.append(f'r1,a3,"{DOG}",x,40,not_factual')
    imported = read_annotations("\n".join(lines).encode(), "csv", known=KNOWN)
    assert [one.annotator for one in imported.rows] == ["a2"]
    assert [(one.row_number, one.reason) for one in imported.rejected] == [
        (2, "row 4 has 3 cells, but the header has 6"),
        (5, "span 2: start: expected a whole number of at least 0, received 'x'"),
    ]


def test_csv_without_the_required_columns_is_rejected_and_its_columns_are_listed():
    with pytest.raises(InputError, match=r"text;start.*expected column names"):
        read_annotations(b"text;start;end;label\n", "csv", known={})
    with pytest.raises(InputError, match="each once"):
        read_annotations(b"text,start,end,label,text\n", "csv", known={})


def test_a_response_longer_than_the_limit_of_the_csv_module_is_kept():
    text = "long " * 40_000
    rows = [row(item_id="r2", text=text, text_sha256=text_sha256(text), units=())]
    assert read_annotations(write_annotations(rows, "csv"), "csv", known={}).rows[0].text == text


def test_parquet_without_the_required_columns_is_rejected_and_its_columns_are_listed():
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table({"text": ["x"]}), sink)
    with pytest.raises(InputError, match="lacks the columns spans; it has text"):
        read_annotations(sink.getvalue(), "parquet", known={})


@given(
    st.dictionaries(st.sampled_from(list(OWN)), st.none() | st.integers() | names | st.lists(names))
)
def test_rows_of_any_kind_are_imported_or_rejected_but_never_raise(document):
    good = json.dumps(OWN | {"item_id": "r9", "text": "ok", "text_sha256": "", "spans": []})
    data = good.encode() + b"\n" + json.dumps(document).encode()
    imported = read_annotations(data, "itlim-jsonl", known={})
    assert len(imported.rows) + len(imported.rejected) == 2
    for one in imported.rows:
        assert all(one.text[mark.start : mark.stop] == mark.quote for mark in one.marks)


def doccano(name, *rows, **options):
    data = "\n".join(map(json.dumps, rows)).encode()
    return read_annotations(data, "doccano", known={}, file_name=name, **options)


LINE = {"id": 1, "text": DOG, "label": [[28, 40, "wrong"]]}


@pytest.mark.parametrize(
    ("row", "options", "annotator"),
    [
        ({}, {}, "bob"),
        ({"username": "ann"}, {}, "ann"),
        ({"user": {"id": 3, "username": "ann"}}, {}, "ann"),
        ({"username": "ann"}, {"annotator": "cleo"}, "cleo"),
        ({"annotator": "dora", "username": "ann"}, {"annotator": "cleo"}, "dora"),
        ({"username": None}, {}, "bob"),
    ],
)
def test_the_annotator_is_that_of_the_row_the_option_the_user_or_the_file(row, options, annotator):
    imported = doccano("exports/bob.jsonl", LINE | row, **options)
    assert imported.rows[0].annotator == annotator
    is_noted = any("from the file's name: bob" in note for note in imported.notes)
    assert is_noted == (annotator == "bob")


def test_doccano_content_other_than_marks_is_noted():
    relations = [{"id": 1, "from_id": 1, "to_id": 2, "type": "of"}]
    row = {
        "id": 1,
        "text": DOG,
        "label": [],
        "entities": [{"id": 1, "label": "wrong", "start_offset": 28, "end_offset": 40}],
        "relations": relations,
        "Comments": ["not there", "see p. 3"],
        "cats": ["x"],
        "meta": {},
    }
    imported = doccano("all.jsonl", row, row | {"text": "Another.", "entities": [], "Comments": []})
    assert imported.rows[0].comment == "not there\nsee p. 3"
    notes = " ".join(imported.notes)
    assert "Comments were imported as the comment of the sheet: row 1" in notes
    assert "not kept: 'relations' (rows 1, 2)" in notes
    assert "not kept: 'cats' (rows 1, 2)" in notes
    assert "meta" not in notes


def read_tasks(*tasks):
    return read_annotations(json.dumps(tasks).encode(), "label-studio", known={})


def task_of(*results, data=None, **more):
    return {
        "id": 1,
        "data": data or {"text": DOG, "prompt": "Who wrote it?"},
        "annotations": [{"completed_by": 1, "result": list(results)}],
    } | more


def region(to_name, start, stop, quote=None, type="labels"):
    value = {"start": start, "end": stop, "labels": ["wrong"]}
    return {"id": f"{to_name}-{start}", "to_name": to_name, "from_name": "l", "type": type,
            "value": value | ({"text": quote} if quote else {})}  # fmt: skip


CAT_REGION = region("text", 28, 40)


@pytest.mark.parametrize(
    ("results", "other"),
    [
        ([CAT_REGION, region("prompt", 0, 3)], "prompt"),
        ([CAT_REGION, region("prompt", 100, 130, "far away")], "prompt"),
        ([region("prompt", 0, 3), region("answer", 28, 40)], "prompt"),
        ([region("one", 28, 40, "Cheshire Cat"), region("two", 0, 3, "xyz")], "two"),
    ],
)
def test_marks_on_another_text_are_not_imported_and_noted(results, other):
    imported = read_tasks(task_of(*results))
    assert [(mark.start, mark.stop) for mark in imported.rows[0].marks] == [(28, 40)]
    assert f"not kept: marks on another text, '{other}' (row 1)" in imported.notes
    assert imported.rejected == ()


def test_a_target_of_any_name_is_the_text_if_it_is_the_only_one():
    imported = read_tasks(task_of(region("answer", 28, 40)))
    assert places(imported) == [(28, 40, "Cheshire Cat", "wrong")]


def test_marks_only_on_another_text_leave_a_sheet_without_marks():
    imported = read_tasks(task_of(region("prompt", 0, 3)))
    assert imported.rows[0].marks == ()
    assert any("marks on another text" in note for note in imported.notes)


def test_the_text_may_have_the_name_that_its_marks_give():
    data = {"question": "Who?", "answer": DOG}
    imported = read_tasks(task_of(region("answer", 28, 40), data=data))
    assert places(imported) == [(28, 40, "Cheshire Cat", "wrong")]
    ambiguous = read_tasks(task_of(region("field", 28, 40), data=data))
    assert "2 fields may be it (question, answer)" in ambiguous.rejected[0].reason


def test_completions_of_an_old_label_studio_are_read():
    task = task_of(CAT_REGION)
    task["completions"] = task.pop("annotations")
    imported = read_tasks(task)
    assert [(mark.start, mark.stop) for mark in imported.rows[0].marks] == [(28, 40)]
    assert any("which Label Studio before 1.0 wrote" in note for note in imported.notes)


def test_missing_parts_of_a_task_are_named():
    minimal = read_tasks({"id": 1, "text": DOG, "label": []})
    assert "JSON-MIN" in minimal.rejected[0].reason
    bare = read_tasks({"id": 1, "data": {"text": DOG}})
    assert "JSON-MIN" not in bare.rejected[0].reason
    assert "lacks 'annotations'" in bare.rejected[0].reason


def test_marks_in_html_do_not_prevent_the_import_of_marks_in_text():
    imported = read_tasks(task_of(CAT_REGION, region("text", 1, 2, type="hypertextlabels")))
    assert len(imported.rows[0].marks) == 1
    assert any("marks in HTML" in note for note in imported.notes)
