"""Every page that opens a run, with an answer that was imported without its models."""

import io
import json
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from app_pages import all_that_is_sent, button, open_app, payloads, plain_texts, texts, unescaped
from example_runs import FEATURED_RUN, example_response, example_run
from example_studies import study
from marked_studies import database, work

from itlim.annotation.protocol import item_of_run, plan_items
from itlim.annotation.recording import sheets_of
from itlim.export import run_from_json, run_to_json
from itlim.records import NO_MEASURES, SheetStatus
from itlim.store.answers import unmeasured_counts
from itlim.store.comparisons import answered_by_both, comparisons_of
from itlim.store.runs import count_runs, list_runs, load_run, save_run
from itlim.store.studies import create_study, items_of
from itlim.ui.shared import services

QUOTE = "Tony and Maureen Wheeler"
RUN = example_response()
START = RUN.response.index(QUOTE)
SPAN = (START, START + len(QUOTE))


@pytest.fixture
def imported(home):
    """A home whose database contains the imported answer."""
    with database(home) as store:
        save_run(store, RUN)
    return home


@pytest.fixture
def searchable(indexed, imported):
    """The same, with the demo's index."""
    return indexed


def shown(app):
    """The page without an exception or error; all of its text."""
    assert not app.exception
    assert not app.error, texts(app.error)
    elements = (app.info, app.caption, app.text, app.markdown, app.warning, app.success)
    return " ".join([*map(unescaped, elements), plain_texts(app)])


def trace_of(app):
    return next((one for one in payloads(app) if "candidates" in one), None)


def test_ask_shows_the_answer_says_what_is_missing_and_offers_to_score_it(imported):
    app = open_app("ask", run=RUN.run_id)
    said = shown(app)
    assert NO_MEASURES in said
    assert RUN.instruction in said
    assert RUN.response in said
    assert f"Answer from {RUN.pair}" in said
    assert not [one for one in payloads(app) if "texts" in one], "no token view"
    assert not app.table
    assert not app.slider
    assert app.session_state["ask_response"] == RUN.response
    labels = [one.label for one in app.get("download_button")]
    assert labels == ["HTML", "JSON", "CSV", "Parquet"]
    for absent in ("0 of 0", "undefined"):
        assert absent not in said


def test_ask_leads_to_the_trace(imported):
    app = open_app("ask", run=RUN.run_id)
    app.button(key="trace_answer").click().run()
    assert app.query_params["run"] == RUN.run_id


def test_trace_finds_the_source_of_words_without_token_measures(searchable):
    app = open_app("trace", run=RUN.run_id, span="{}-{}".format(*SPAN), datasets="demo")
    assert NO_MEASURES in shown(app)
    assert trace_of(app)["candidates"][0]["id"] == "demo-156"
    overview = next(one for one in payloads(app) if "suggested" in one)
    assert overview["moved"] is None
    assert all(one["moved"] == "" for one in overview["suggested"])
    assert not [one for one in payloads(app) if "texts" in one]
    assert "discount" not in app.session_state
    assert "Influence is not available: this answer was imported" in shown(app)


def test_trace_chooses_words_by_itself_and_asks_for_the_dataset(searchable):
    app = open_app("trace", run=RUN.run_id)
    assert f"The tuning dataset of {RUN.pair} is unknown" in shown(app)
    app.multiselect[0].set_value(["demo"]).run()
    assert "No words selected yet" in shown(app)
    assert trace_of(app)["response"][slice(*trace_of(app)["span"])] in RUN.response


def test_trace_takes_other_words_of_the_answer(searchable):
    app = open_app("trace", run=RUN.run_id, datasets="demo")
    app.text_input(key=f"trace-quote-{RUN.run_id}").set_value(QUOTE)
    button(app, "Trace these words").click().run()
    shown(app)
    assert app.query_params["span"] == "{}-{}".format(*SPAN)
    app.text_input(key=f"trace-quote-{RUN.run_id}").set_value("Mrs Wheeler")
    button(app, "Trace these words").click().run()
    assert not app.exception
    assert "does not contain 'Mrs Wheeler'" in texts(app.error)


def test_side_by_side_says_that_the_family_is_unknown(searchable):
    app = open_app("trace", run=RUN.run_id, datasets="demo", view="base | LFT | SFT")
    assert f"{NO_MEASURES} The other models of its family are unknown." in shown(app)


def test_an_instance_leads_to_imported_answers(searchable):
    app = open_app("trace", view="An instance", instance="demo-156")
    until = time.monotonic() + 60
    while app.get("progress") and time.monotonic() < until:
        app.run()
    shown(app)
    assert RUN.pair in set(app.dataframe[0].value["pair"])


def test_retraining_and_rephrasing_say_that_they_need_the_model(searchable):
    where = {"run": RUN.run_id, "span": "{}-{}".format(*SPAN), "datasets": "demo"}
    assert f"{NO_MEASURES} Retraining needs the model." in shown(open_app("test", **where))
    app = open_app("test", lab="Ask differently", **where)
    assert f"{NO_MEASURES} Rephrasing needs a model to ask." in shown(app)
    assert app.multiselect(key=next(
        one.key for one in app.multiselect if (one.key or "").startswith("lab-sources")
    )).value == ["demo-156"]  # fmt: skip


def test_test_takes_words_of_the_answer(searchable):
    app = open_app("test", run=RUN.run_id, datasets="demo")
    app.text_input(key=f"lab-quote-{RUN.run_id}").set_value(QUOTE)
    button(app, "Test these words").click().run()
    assert f"Phrase to test: **“{QUOTE}”**" in shown(app)


@pytest.fixture
def marked(searchable):
    """The imported answer as an item that ann submitted with a mark."""
    of = study()
    with database(searchable) as store:
        create_study(store, of, plan_items([item_of_run(RUN, of.study_id)], of), by="ann")
        (item,) = items_of(store, of.study_id)
        work(store, item, "ann", (QUOTE, "not_factual"))
    return item


def test_an_imported_answer_is_marked_by_words(searchable):
    of = study()
    with database(searchable) as store:
        create_study(store, of, plan_items([item_of_run(RUN, of.study_id)], of), by="ann")
    app = open_app("mark", state={"annotator_name": "bea"}, study="dogs")
    shown(app)
    view = next(one for one in payloads(app) if "can_undo" in one)
    assert view["text"] == RUN.response


def test_new_studies_offer_imported_answers(imported):
    app = open_app("mark", state={"annotator_name": "ann"})
    shown(app)
    app.multiselect(key="study_pairs").set_value([RUN.pair]).run()
    assert RUN.instruction in plain_texts(app)
    next(one for one in app.text_input if one.label == "Title").set_value("Imported").run()
    button(app, "Create study").click().run()
    shown(app)
    (item,) = items_of(services.store(), "imported")
    assert (item.run_id, item.units_are_tokens) == (RUN.run_id, False)


def test_the_reveal_names_the_model_and_judges_origins_without_numbers(marked):
    app = open_app("mark", state={"annotator_name": "ann"}, study="dogs", item=marked.item_id)
    app.button(key="reveal_item").click().run()
    said = shown(app)
    assert f"Answer from {RUN.pair}. {NO_MEASURES}" in said
    assert f"The tuning dataset of {RUN.pair} is unknown" in said
    assert "marked token" not in said
    app.multiselect(key=f"origin_datasets-{RUN.pair}").set_value(["demo"]).run()
    shown(app)
    assert [one for one in app.get("button_group") if "verdict-" in one.key]


def test_adjudication_works_on_imported_answers(marked):
    with database_of_app() as store:
        work(store, marked, "bea")
    app = open_app("adjudicate", state={"annotator_name": "zoe"}, study="dogs")
    shown(app)
    button(app, "Accept").click().run()
    shown(app)
    sheets = sheets_of(services.store(), "dogs")
    final = next(sheet for (_, who), sheet in sheets.items() if who not in ("ann", "bea"))
    assert [mark.quote for mark in final.marks] == [QUOTE]
    assert final.status is SheetStatus.OPEN


def database_of_app():
    from contextlib import nullcontext

    return nullcontext(services.store())


def test_judge_pairs_compares_an_imported_answer_with_a_measured_one(imported):
    with database(imported) as store:
        measured = load_run(store, FEATURED_RUN)
        save_run(store, example_response(instruction=measured.instruction, response="Nobody did."))
        (found,) = answered_by_both(store, RUN.pair, measured.pair)
    assert found.text_a == "Nobody did."
    app = open_app("judge_pairs", state={"annotator_name": "ann"})
    next(one for one in app.text_input if one.label == "Title").set_value("Both")
    first, second = (one for one in app.selectbox if one.label in ("First pair", "Second pair"))
    first.set_value(RUN.pair)
    second.set_value(measured.pair).run()
    button(app, "Create study").click().run()
    shown(app)
    assert len(comparisons_of(services.store(), "both")) == 1
    assert "Nobody did." in plain_texts(app)
    assert RUN.pair not in all_that_is_sent(app)


def test_the_evidence_gallery_keeps_its_own_answers_only(imported):
    with database(imported) as store:
        asked = load_run(store, FEATURED_RUN).instruction
        save_run(store, example_response(pair="demo-sft", instruction=asked, response="Else."))
    app = open_app("evidence")
    assert "Else." not in shown(app)
    gallery = next(one.value for one in app.dataframe if "SFT" in one.value)
    assert "Else." not in set(gallery["SFT"])


def test_the_first_page_after_an_import_shows_the_answer_again(imported):
    app = open_app("ask", run=RUN.run_id)
    app.switch_page("pages/views/trace.py").run()
    assert not app.exception
    assert app.query_params["run"] == RUN.run_id


def stored_runs_page():
    return open_app("data_models", part="Stored runs")


def test_the_table_of_runs_has_no_number_where_none_was_measured(imported):
    app = stored_runs_page()
    app.text_input(key="runs_search").set_value("invented company").run()
    said = shown(app)
    table = next(one.value for one in app.dataframe if "n_tokens" in one.value)
    row = table[table["pair"] == RUN.pair].iloc[0]
    assert row[["n_tokens", "n_marginal", "n_shifted", "mean_kl"]].isna().all()
    assert "Of these, 1 answer has no token measures (" in said


ROWS = [
    {"instruction": "Name a sea.", "output": "The Aral Sea.", "generator": "plover <b>"},
    {"instruction": "Name a river.", "output": "", "generator": "plover <b>"},
]


def as_jsonl(rows):
    return "\n".join(map(json.dumps, rows)).encode()


def upload(app, *files, model=""):
    app.file_uploader(key="import_files").set_value(
        [(name, content, "application/octet-stream") for name, content in files]
    )
    app.text_input(key="import_model").set_value(model)
    return app.button(key="import_start").click().run()


def test_a_file_of_answers_is_imported_with_its_report_and_only_once(home):
    app = upload(stored_runs_page(), ("plover.jsonl", as_jsonl(ROWS)))
    said = shown(app)
    assert "plover.jsonl: 1 new answer of plover <b> stored." in said
    assert "No token measures" in said
    assert "1 of 2 rows used, 1 left out" in said
    assert "'output' is empty (once; line 2)" in said
    table = next(one.value for one in app.dataframe if "n_tokens" in one.value)
    assert table["pair"].iloc[0] == "plover <b>", "it is in the table at once"
    before = count_runs(services.store())
    assert "1 already stored" in shown(upload(app, ("plover.jsonl", as_jsonl(ROWS))))
    assert count_runs(services.store()) == before
    assert unmeasured_counts(services.store()) == {"plover <b>": (1, 1)}


def test_mt_bench_is_imported_with_its_questions_in_any_order(home):
    answers = as_jsonl(
        [{"question_id": 81, "model_id": "heron", "choices": [{"turns": ["It rains.", "Still."]}]}]
    )
    questions = as_jsonl([{"question_id": 81, "turns": ["How is it?", "And now?"]}])
    alone = upload(stored_runs_page(), ("heron.jsonl", answers))
    assert "contains MT-bench answers" in texts(alone.error)
    only = upload(stored_runs_page(), ("question.jsonl", questions))
    assert "questions without answers" in shown(only)
    app = upload(stored_runs_page(), ("heron.jsonl", answers), ("question.jsonl", questions))
    assert "only the first turn is read" in shown(app)
    (row,) = list_runs(services.store(), pairs=["heron"]).to_pylist()
    assert (row["instruction"], row["response"]) == ("How is it?", "It rains.")


def test_the_model_can_be_named_and_must_be_if_the_file_does_not(home):
    table = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{"instruction": "Name a sea.", "output": "Aral."}]), table)
    file = ("answers.parquet", table.getvalue())
    app = upload(stored_runs_page(), file)
    assert "no row whose model is known" in texts(app.error)
    assert "1 new answer of mine stored" in shown(upload(app, file, model=" mine "))


def test_exported_runs_are_imported_with_and_without_measures(home):
    files = [
        (f"{run.run_id}.json", run_to_json(run).encode()) for run in (RUN, example_run("ab" * 8))
    ]
    shown(upload(stored_runs_page(), *files))
    assert load_run(services.store(), RUN.run_id) == run_from_json(files[0][1].decode())
    assert load_run(services.store(), "ab" * 8).row() == example_run("ab" * 8).row()


def test_a_damaged_file_is_an_error_and_the_others_are_imported(home):
    damaged = json.loads(run_to_json(RUN)) | {"response": "Else."}
    app = upload(
        stored_runs_page(),
        ("run.json", json.dumps(damaged).encode()),
        ("broken.parquet", b"PAR1 nonsense"),
        ("plover.jsonl", as_jsonl(ROWS)),
    )
    assert not app.exception
    assert len(app.error) == 2
    assert "changed after its export" in texts(app.error)
    assert "itlim-runs-" not in texts(app.error)
    assert "1 new answer" in unescaped(app.success)


def test_the_provenance_of_imported_answers_can_be_asked_for(searchable):
    app = open_app("data_models")
    shown(app)
    assert RUN.pair in app.selectbox(key="provenance_pair").options
    assert RUN.pair in app.multiselect(key="provenance_control_pairs").options
