import csv
import io
import json
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


def test_csv_keeps_every_text_and_number():
    run = example_run()
    rows = list(csv.DictReader(io.StringIO(run_to_csv(run), newline="")))
    assert list(rows[0]) == TOKEN_SHIFTS.names
    assert "".join(row["text"] for row in rows) == run.response
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
