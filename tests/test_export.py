import csv
import io
import json
import re
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from itlim.errors import InputError
from itlim.export import (
    exported_run,
    run_document,
    run_from_json,
    run_from_parquet,
    run_to_csv,
    run_to_json,
    run_to_parquet,
    trace_to_csv,
    trace_to_json,
)
from itlim.records import NO_MEASURES
from itlim.schema import TOKEN_SHIFTS
from itlim.store.connection import Store
from itlim.store.runs import load_run, save_run
from itlim.text.csv_cells import csv_text
from tests.example_runs import example_response, example_run
from tests.example_traces import example_trace

PROMISED = """position token_id text char_start char_stop base_rank base_prob tuned_prob
emitted_rank category kl_tuned_base kl_base_tuned js top_base top_tuned""".split()


def test_the_document_has_the_promised_fields():
    document = run_document(example_run())
    for name in "run_id pair prompt prompt_token_ids response decoding tokens summary".split():
        assert name in document
    for token in document["tokens"]:
        assert set(PROMISED) <= set(token)
    assert document["decoding"] == {"mode": "greedy", "max_new_tokens": 256}


def test_json_and_parquet_round_trip_through_the_store_byte_for_byte(tmp_path):
    run = example_run()
    with Store(tmp_path / "x.duckdb") as store:
        save_run(store, run_from_json(run_to_json(run)))
        stored = load_run(store, run.run_id)
    assert run_to_json(stored) == run_to_json(run)
    assert run_to_parquet(stored) == run_to_parquet(run)
    assert run_to_parquet(run_from_parquet(run_to_parquet(run))) == run_to_parquet(run)


def test_no_text_of_a_csv_file_begins_like_a_formula():
    answer = example_response(pair="=1", instruction="+1", input="-1", response="@x")
    trace = example_trace("🙂 Toyota was founded by Tony and Maureen Wheeler.")
    candidate = replace(trace.candidates[0], instruction='=HYPERLINK("x")', response="@SUM(1)")
    hostile = replace(trace, candidates=(candidate,))
    for text in (run_to_csv(answer), trace_to_csv(hostile), run_to_csv(example_run())):
        for row in list(csv.reader(io.StringIO(text, newline="")))[1:]:
            cells = [cell for cell in row if not re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell)]
            assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_csv_keeps_every_text_and_number():
    run = example_run()
    rows = list(csv.DictReader(io.StringIO(run_to_csv(run), newline="")))
    assert list(rows[0]) == TOKEN_SHIFTS.names
    assert "".join(csv_text(row["text"]) for row in rows) == run.response
    assert [float(row["kl_tuned_base"]) for row in rows] == run.tokens["kl_tuned_base"].to_pylist()
    assert json.loads(rows[1]["top_base"]) == run.tokens["top_base"].to_pylist()[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Not a JSON file"),
        ("[]", "received 'list'"),
        ('{"format": "itlim-run/9"}', "received 'itlim-run/9'"),
        ('{"format": "itlim-run/1"}', "incomplete"),
    ],
)
def test_a_document_that_is_not_a_run_is_rejected(text, message):
    with pytest.raises(InputError, match=message):
        run_from_json(text)


def test_a_run_with_a_changed_response_is_rejected():
    document = run_document(example_run())
    document["response"] += "!"
    with pytest.raises(InputError, match="changed after its export"):
        run_from_json(json.dumps(document))


@pytest.mark.parametrize("column", ["text", "kl_tuned_base", "top_base"])
def test_a_run_with_a_token_without_a_value_is_rejected(column):
    document = run_document(example_run())
    document["tokens"][-1][column] = None
    with pytest.raises(InputError, match=f"{column} is null"):
        run_from_json(json.dumps(document))


def test_a_run_with_a_top_token_without_a_probability_is_rejected():
    document = run_document(example_run())
    document["tokens"][0]["top_tuned"][0]["prob"] = None
    with pytest.raises(InputError, match="top_tuned is null"):
        run_from_json(json.dumps(document))


@pytest.mark.parametrize("name", ["pair", "prompt", "top_k", "tuned_hash"])
def test_a_run_without_one_of_its_settings_is_rejected(name):
    with pytest.raises(InputError, match=f"{name} is null"):
        run_from_json(json.dumps(run_document(example_run()) | {name: None}))


CHANGED_COLUMNS = [
    ("tuning", "x", "none, full, adapter"),
    ("finish_reason", "bored", "end_of_sequence, length"),
    ("top_k", 0, "at least 1"),
    ("marginal_above", 9, "at most shifted_above"),
    ("shifted_above", -3, "at least 1"),
    ("prompt_token_ids", [3, -1], "negative id"),
    ("decoding", {"mode": "sampled", "max_new_tokens": 5}, "greedy, pasted"),
    ("decoding", {"mode": "greedy", "max_new_tokens": None}, "max_new_tokens is null"),
    ("created_at", "0001-01-01T00:00:00+14:00", "between the years 1970"),
]


@pytest.mark.parametrize(("name", "value", "message"), CHANGED_COLUMNS)
def test_a_run_with_a_setting_that_itlim_never_writes_is_rejected(name, value, message):
    with pytest.raises(InputError, match=message):
        run_from_json(json.dumps(run_document(example_run()) | {name: value}))


CHANGED_TOKENS = [
    ("category", "<b>", "unshifted, marginal, shifted"),
    ("base_rank", 0, "at least 1"),
    ("emitted_prob", 1.5, "from 0 to 1"),
    ("kl_tuned_base", float("nan"), "finite number of at least 0"),
    ("base_entropy", float("inf"), "finite number of at least 0"),
    ("js", 0.7, "from 0 to 0.69"),
    ("token_id", -1, "at least 0"),
    ("position", 3, "0 to 7 in order"),
    ("char_start", 10**6, "where its text is not"),
    ("char_stop", 2, "where its text is not"),
    ("top_base", [], "some tokens"),
    ("top_tuned", [{"token_id": 1, "text": "a", "prob": -0.5}], "prob in top_tuned is -0.5"),
]


@pytest.mark.parametrize(("name", "value", "message"), CHANGED_TOKENS)
def test_a_run_with_a_token_that_itlim_never_writes_is_rejected(name, value, message):
    run = example_run()
    document = run_document(run)
    document["tokens"][1][name] = value
    with pytest.raises(InputError, match=message):
        run_from_json(json.dumps(document))
    tokens = pa.Table.from_pylist(
        [token | {"run_id": run.run_id} for token in document["tokens"]], schema=TOKEN_SHIFTS
    )
    with pytest.raises(InputError, match=message):
        run_from_parquet(run_to_parquet(replace(run, tokens=tokens)))


def test_a_scored_response_that_was_pasted_is_read_back():
    run = example_run(decoding="pasted", finish_reason="pasted", max_new_tokens=None)
    for read in (run_from_json(run_to_json(run)), run_from_parquet(run_to_parquet(run))):
        assert run_to_json(read) == run_to_json(run)


def test_a_run_with_a_number_in_place_of_a_text_is_rejected():
    with pytest.raises(InputError, match="damaged"):
        run_from_json(json.dumps(run_document(example_run()) | {"instruction": 5}))


def test_a_foreign_parquet_file_is_rejected():
    with pytest.raises(InputError, match="Not a Parquet file that itlim exported"):
        run_from_parquet(b"PAR1 nonsense")


def test_spans_of_a_trace_as_json_are_code_points():
    response = "🙂 " + "Toyota was founded by Tony and Maureen Wheeler."
    document = json.loads(trace_to_json(example_trace(response)))
    start, stop = document["span"]
    assert response[start:stop] == document["quote"] == "Tony and Maureen Wheeler"
    first = document["candidates"][0]
    run = first["runs"][0]
    assert first[run["field"]][run["start"] : run["stop"]] == "Tony and Maureen Wheeler"
    assert response[run["span_start"] : run["span_stop"]] == "Tony and Maureen Wheeler"


def test_a_trace_as_csv_has_one_row_per_candidate():
    trace = example_trace(quote="was founded by Tony and Maureen Wheeler. The company was started")
    rows = list(csv.DictReader(io.StringIO(trace_to_csv(trace))))
    assert [row["instance_id"] for row in rows] == [one.instance_id for one in trace.candidates]
    assert json.loads(rows[1]["copied"]) == ["was founded by", "The company was started"]
    assert float(rows[0]["score"]) == trace.candidates[0].score


def test_an_exported_trace_contains_influence_if_it_was_measured():
    trace = example_trace(quote="The company was started in 1947.")
    first, *others = trace.candidates
    measured = replace(first, influence_cos=0.25, influence_dot=12.5)
    asked = replace(trace, candidates=(measured, *others), influence="all weights")
    document = json.loads(trace_to_json(asked))
    assert document["influence"] == "all weights"
    assert document["candidates"][0]["influence_cos"] == 0.25
    assert document["candidates"][1]["influence_cos"] is None
    rows = list(csv.DictReader(io.StringIO(trace_to_csv(asked))))
    assert (rows[0]["influence_cos"], rows[0]["influence_dot"]) == ("0.25", "12.5")
    assert rows[1]["influence_cos"] == ""


def test_an_answer_without_measures_round_trips_and_has_null_instead_of_numbers(tmp_path):
    run = example_response(input="In one word, “please”.")
    with Store(tmp_path / "x.duckdb") as store:
        save_run(store, run_from_json(run_to_json(run)))
        stored = load_run(store, run.run_id)
    assert stored == run_from_parquet(run_to_parquet(run)) == run
    document = run_document(run)
    assert document["tokens"] is document["summary"] is document["base_hash"] is None
    assert document["note"] == NO_MEASURES
    (row,) = csv.DictReader(io.StringIO(run_to_csv(run), newline=""))
    assert (row["response"], row["input"], row["pair"]) == (run.response, run.input, run.pair)


@pytest.mark.parametrize("run", [example_run(), example_response()])
def test_a_file_that_itlim_exported_is_recognized_by_its_content(run):
    for content in (run_to_json(run).encode(), run_to_parquet(run)):
        assert exported_run(content).row() == run.row()


def test_a_file_of_answers_is_not_an_exported_run():
    rows = [{"instruction": "Name a sea.", "output": "Aral."}]
    table = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), table)
    others = (json.dumps(rows).encode(), table.getvalue(), b"PAR1 nonsense", b"", b'{"format": 1}')
    assert [exported_run(content) for content in others] == [None] * 5


def test_an_answer_with_changed_texts_is_rejected():
    document = run_document(example_response()) | {"response": "Nobody."}
    with pytest.raises(InputError, match="changed after its export"):
        run_from_json(json.dumps(document))
