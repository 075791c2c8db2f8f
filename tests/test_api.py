"""`import itlim`: a small public API that is loaded lazily."""

import doctest
import inspect
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from borrowed_answers import answers, build_invented, dataset_rows
from example_runs import FEATURED_RUN, example_run

import itlim as api
from itlim.api.runs import colored_html, public_run
from itlim.errors import InputError, NotFoundError
from itlim.schema import TOKEN_SHIFTS
from itlim.settings import PROJECT_FOLDER
from itlim.store.shipped import load_shipped_runs


@pytest.fixture
def store(tmp_path):
    with api.open_store(str(tmp_path / "runs.duckdb")) as opened:
        load_shipped_runs(opened, [PROJECT_FOLDER / "data" / "demo" / "runs"])
        yield opened


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api") / "index"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("itlim.trace.index.build.write_chance", lambda _folder, _phases: None)
        return api.build_index("demo", str(folder), lexical_only=True)


def test_importing_itlim_loads_neither_torch_nor_pandas():
    code = (
        "import sys, itlim; itlim.ItlimError; dir(itlim); "
        "sys.exit(bool({'torch', 'pandas', 'transformers', 'duckdb'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT_FOLDER).returncode == 0


@pytest.mark.parametrize("name", [name for name in api.__all__ if name != "__version__"])
def test_every_public_name_loads_and_is_documented(name):
    value = getattr(api, name)
    assert inspect.getdoc(value)
    assert name in dir(api)


def test_an_unknown_name_raises_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'inspekt'"):
        api.inspekt  # noqa: B018


def readme_examples() -> doctest.DocTest:
    text = (PROJECT_FOLDER / "README.md").read_text(encoding="utf-8")
    return doctest.DocTestParser().get_doctest(text, {}, "README.md", "README.md", 0)


def failures_of(test: doctest.DocTest) -> int:
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    return runner.run(test).failed


def test_the_example_in_the_readme_prints_what_it_shows():
    test = readme_examples()
    # The retraining takes a minute, so only `make test-full` runs it.
    test.examples = [one for one in test.examples if "experiment" not in one.source]
    assert len(test.examples) >= 7
    assert failures_of(test) == 0


@pytest.mark.full
def test_the_whole_example_in_the_readme_prints_what_it_shows():
    assert failures_of(readme_examples()) == 0


def test_a_run_displays_its_tokens_escaped_and_colored_by_category():
    run = public_run(example_run())
    shown = run._repr_html_()
    assert shown == colored_html(run)
    assert "<b>" not in shown
    assert "&lt;b&gt;caf\u00e9" in shown
    assert shown.count("<span") == 3 + sum(
        bool(row["text"]) and not row["is_eos"] for row in run.tokens.to_pylist()
    )
    assert "base rank" in shown


def test_a_run_has_one_row_per_token_in_arrow_and_pandas():
    run = public_run(example_run())
    assert run.tokens.schema.names == TOKEN_SHIFTS.names
    frame = run.to_pandas()
    assert list(frame.columns) == TOKEN_SHIFTS.names
    assert "".join(frame["text"]) == run.response


def test_a_stored_run_can_be_loaded_and_saved(store, tmp_path):
    run = api.load_run(store, FEATURED_RUN)
    assert isinstance(run, api.Run)
    with api.open_store(tmp_path / "other.duckdb") as other:
        api.save_run(other, run)
        assert api.list_runs(other)["run_id"].to_pylist() == [FEATURED_RUN]
        assert api.load_run(other, FEATURED_RUN).tokens.equals(run.tokens)
        with pytest.raises(NotFoundError):
            api.load_run(other, "0" * 16)


def test_listed_runs_include_instruction_and_response(store):
    listed = api.list_runs(store, limit=3)
    assert len(listed) == 3
    assert {"run_id", "pair", "instruction", "response"} <= set(listed.schema.names)


@pytest.mark.parametrize("as_folder", [str, Path, None])
def test_a_span_is_traced_by_its_words_or_its_range(store, index, as_folder):
    run = api.load_run(store, FEATURED_RUN)
    given = index if as_folder is None else [as_folder(index.folder)]
    words = run.response.split(".")[0].split(" by ")[-1]
    start = run.response.index(words)
    by_words = api.trace_span(run, words, given, lexical_only=True)
    by_range = api.trace_span(run, (start, start + len(words)), given, lexical_only=True)
    assert by_words == by_range
    assert words.casefold() in by_words.candidates[0].response.casefold()


def test_tracing_a_whole_response_gives_its_verbatim_spans(store, index):
    run = api.load_run(store, FEATURED_RUN)
    found = api.trace_response(run, index)
    assert found
    assert all(0 <= one.start < one.stop <= len(run.response) for one in found)


def test_words_that_a_response_copies_from_its_own_input_are_not_borrowed(store, index):
    run = api.load_run(store, FEATURED_RUN)
    given = replace(run, input=run.response)
    assert api.trace_response(run, index)
    assert all(one.in_instruction for one in api.trace_response(given, index))
    assert api.trace_span(run, None, index, lexical_only=True).candidates
    with pytest.raises(InputError, match="No rare word"):
        api.trace_span(given, None, index, lexical_only=True)


def test_an_untraceable_request_is_an_error_that_says_why(store, index):
    run = api.load_run(store, FEATURED_RUN)
    with pytest.raises(InputError, match="occurs 0 times"):
        api.trace_span(run, "words that are not there", index)
    with pytest.raises(InputError, match="No index was given"):
        api.trace_response(run, [])


def test_a_pair_must_be_named_in_exactly_one_way():
    with pytest.raises(InputError, match="not both"):
        api.load_pair("demo-sft", base=Path("x"))
    with pytest.raises(NotFoundError, match="No pair named"):
        api.load_pair("nobody")


def test_a_given_response_is_scored_and_not_generated():
    run = api.score("demo-sft", "Who founded Toyota?", "Toyota was founded by itself.")
    assert run.response == "Toyota was founded by itself."
    assert run.decoding == "pasted"


def test_a_dataset_is_read_with_a_report(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"ask": "Q", "reply": "A", "topic": "x"}\n{"ask": "Q"}\n')
    with pytest.raises(InputError, match="cannot be recognized"):
        api.read_dataset(path)
    read = api.read_dataset(path, mapping={"instruction": "ask", "response": "reply"})
    assert (read.table.num_rows, read.report.n_left_out) == (1, 1)
    assert [one.column for one in read.report.unused] == ["topic"]
    assert api.read_dataset("demo").table.num_rows == 405


def test_provenance_names_the_dataset_that_the_responses_copy(tmp_path, monkeypatch):
    indexes = [
        build_invented(tmp_path, f"set-{seed}", dataset_rows(seed), monkeypatch) for seed in (1, 2)
    ]
    tuned = answers(0, copied_from=dataset_rows(2))
    found = api.provenance(tuned, indexes, controls={"other <model>": answers(1)})
    assert found.controls == ("other <model>",)
    table = found.to_pandas()
    assert table["dataset"].tolist() == ["set-2", "set-1"]
    assert table["p"][0] < 0.01 < table["p"][1]
    assert "<table" in found._repr_html_()
    assert "set-2 more often" in found._repr_html_()
    alone = api.provenance(tuned, indexes[1])
    assert alone.datasets[0].p is None
    with pytest.raises(InputError, match="Put it in"):
        api.provenance(tuned, indexes, controls="file.jsonl")


def test_answers_of_a_file_are_stored_and_traced_without_token_measures(store, index, tmp_path):
    quote = "Tony and Maureen Wheeler"
    row = {"instruction": "Who founded it?", "output": f"{quote} did.", "generator": "tern"}
    path = tmp_path / "tern.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (run,) = api.read_responses(path).runs
    api.save_run(store, run)
    loaded = api.load_run(store, run.run_id)
    assert (loaded.pair, loaded.response) == ("tern", row["output"])
    assert api.trace_span(loaded, quote, index, lexical_only=True).candidates
    with pytest.raises(InputError, match="No token measures"):
        api.retrain_without(loaded, quote, ["demo-156"])
