"""Retraining on the Causality page under AppTest, on a pair tuned with the real `train`."""

import threading
import time
from dataclasses import replace

import pytest

from itlim.causality.retraining.known_recipe import known_recipe
from itlim.causality.retraining.question import experiment_id as experiment_id_of
from itlim.causality.retraining.question import question_of
from itlim.causality.retraining.unfinished import UnfinishedExperiments, request_now
from itlim.models.huggingface import load_pair
from itlim.store.retrainings import load_retraining, save_retraining
from itlim.store.runs import save_run
from itlim.ui.shared import services
from itlim.ui.test.retrain_work import retrainings_in_progress
from tests.app_pages import button, open_app, payloads, texts
from tests.example_retrainings import experiment
from tests.example_runs import example_run
from tests.tuned_pairs import NILE, library_of, tiny_run, tuned_library

VIEW = "Retrain without it"
SPAN = "4-8"


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A library with a tuned pair, and its answer "The Nile."."""
    path = tuned_library(tmp_path_factory.mktemp("tuned"), ["sft"])
    return path, tiny_run(load_pair(library_of(path).pair("tiny-sft")))


@pytest.fixture
def run(tuned, home, monkeypatch):
    path, made = tuned
    monkeypatch.setenv("ITLIM_LIBRARY", str(path))
    save_run(services.store(), made)
    return made


def open_lab(run, **query):
    return open_app("test", lab=VIEW, run=run.run_id, **query)


def start(app):
    return next(one for one in app.button if one.key == "retrain-start")


def in_address(app, name="retraining"):
    value = app.query_params[name]
    # AppTest returns a list for a parameter that the test set, otherwise text.
    return value if isinstance(value, str) else value[0]


def finished(app, run):
    """Wait for the work in progress, then open the page again."""
    wanted = in_address(app)
    work = retrainings_in_progress()[wanted]
    work.wait(120)
    return open_lab(run, span=SPAN, retraining=wanted), wanted


def test_one_click_retrains_shows_the_answers_and_stores_them(run):
    app = open_lab(run, span=SPAN)
    assert not app.exception
    app.multiselect(key=f"retrain-without-{run.run_id}-4-8").set_value([NILE]).run()
    assert "contains the phrase" in str(app.dataframe[0].value.columns.tolist())
    assert "Tunes 5 models like tiny-sft" in texts(app.caption)
    app.number_input(key="retrain-controls").set_value(1).run()
    start(app).click().run()
    assert not app.error
    app, wanted = finished(app, run)
    assert not app.exception
    assert not app.error
    assert f"Without {NILE} the phrase is gone" in texts(app.markdown).replace("\\", "")
    stored = load_retraining(services.store(), wanted)
    shown = [one for one in payloads(app) if one.get("doc", "").startswith(wanted)]
    assert ["".join(one["texts"]) for one in shown] == [arm.answer for arm in stored.arms]
    # The phrase is boxed exactly in the answers that contain it.
    assert [bool(one["layers"]) for one in shown] == [not arm.phrase_gone for arm in stored.arms]
    assert {"JSON", "CSV"} <= {one.label for one in app.get("download_button")}
    # The same question again opens the stored experiment.
    app.number_input(key="retrain-controls").set_value(1).run()
    app.multiselect(key=f"retrain-without-{run.run_id}-4-8").set_value([NILE]).run()
    start(app).click().run()
    assert in_address(app) == wanted
    assert all(work.done for work in retrainings_in_progress().values())


def test_one_button_chooses_all_instances_that_contain_the_phrase(run):
    app = open_lab(run, span=SPAN)
    key = f"retrain-without-{run.run_id}-4-8"
    app.multiselect(key=key).set_value([]).run()
    assert start(app).disabled
    button(app, "All that contain the phrase (1)").click().run()
    assert app.multiselect(key=key).value == [NILE]


def left_behind(tuned, run, *, experiment_id=None):
    """A request as an earlier process of the app leaves it if it is killed; returns its id."""
    library = library_of(tuned[0])
    known = known_recipe(library.pair("tiny-sft"), library)
    question = question_of(run, (4, 8), [NILE], known, n_controls=0)
    name = experiment_id or experiment_id_of(question, known)
    UnfinishedExperiments().request(request_now(name, known.pair.name, question, "ann"))
    return name


def test_a_retraining_that_an_earlier_process_left_behind_is_finished_and_stored(tuned, run):
    name = left_behind(tuned, run)
    app = open_lab(run, span=SPAN)
    assert not app.exception
    retrainings_in_progress()[name].wait(120)
    assert load_retraining(services.store(), name).author == "ann"
    assert UnfinishedExperiments().requests() == []


def test_a_retraining_in_progress_is_shown_wherever_its_answer_is_opened(run, monkeypatch):
    app = open_lab(run, span=SPAN)
    app.multiselect(key=f"retrain-without-{run.run_id}-4-8").set_value([NILE]).run()
    start(app).click().run()
    name = in_address(app)
    work = retrainings_in_progress()[name]
    held = threading.Event()
    monkeypatch.setattr(type(work), "done", property(lambda _: held.is_set()))
    again = open_lab(run, span=SPAN)
    assert [one.label for one in again.button if one.key == f"cancel-{name}"] == ["Cancel"]
    held.set()
    work.wait(120)


def test_a_retraining_whose_pair_has_changed_since_is_named_and_given_up(tuned, run):
    left_behind(tuned, run, experiment_id="0" * 16)
    app = open_lab(run, span=SPAN)
    assert "A retraining of tiny-sft cannot be resumed" in texts(app.warning)
    assert UnfinishedExperiments().requests() == []
    assert not retrainings_in_progress()


def test_an_unknown_typed_id_is_rejected_with_the_valid_range(run):
    app = open_lab(run, span=SPAN)
    app.session_state[f"retrain-without-{run.run_id}-4-8"] = ["tiny-99"]
    app.run()
    start(app).click().run()
    assert "No instance tiny-99 among the 11" in texts(app.error)
    assert not retrainings_in_progress()


def test_a_canceled_retraining_reports_that_nothing_was_stored(run):
    app = open_lab(run, span=SPAN)
    app.multiselect(key=f"retrain-without-{run.run_id}-4-8").set_value([NILE]).run()
    app.number_input(key="retrain-controls").set_value(2).run()
    start(app).click().run()
    work = retrainings_in_progress()[in_address(app)]
    work.cancel()
    deadline = time.monotonic() + 60
    while not work.done and time.monotonic() < deadline:
        time.sleep(0.05)
    app = open_lab(run, span=SPAN, retraining=work.id)
    assert "Nothing was stored" in texts(app.info)


def stored_experiment(run, name, **changes):
    """Store a handmade experiment on a phrase of this run."""
    made = experiment(
        name,
        run_id=run.run_id,
        response=run.response,
        span_start=4,
        span_stop=8,
        **changes,
    )
    arms = tuple(replace(arm, answer=run.response, tokens=run.tokens) for arm in made.arms)
    save_retraining(services.store(), replace(made, arms=arms))


def test_earlier_retrainings_are_listed_and_opened_by_a_button(run):
    stored_experiment(run, "a" * 16)
    app = open_lab(run, span="0-3")
    assert "Earlier retrainings of this answer (1)" in [one.label for one in app.expander]
    assert "“Nile” without tiny-3: gone" in texts(app.text)
    button(app, "Open").click().run()
    assert in_address(app) == "a" * 16
    assert in_address(app, "span") == SPAN
    assert "Does the phrase survive?" in texts(app.subheader)


def test_marking_other_words_closes_the_old_result(run):
    stored_experiment(run, "a" * 16)
    app = open_lab(run, span="0-3", retraining="a" * 16)
    assert "Does the phrase survive?" not in texts(app.subheader)
    assert "retraining" not in app.query_params


def test_a_full_model_that_does_not_repeat_the_stored_answer_is_reported(run):
    made = experiment("b" * 16, run_id=run.run_id, span_start=4, span_stop=8)
    arms = tuple(replace(arm, answer="The Nil.", tokens=run.tokens) for arm in made.arms)
    made = replace(made, arms=arms)
    save_retraining(
        services.store(), replace(made, question=replace(made.question, response=run.response))
    )
    app = open_lab(run, span=SPAN, retraining="b" * 16)
    assert "does not repeat the stored answer" in texts(app.warning)


def test_a_link_to_an_unknown_retraining_is_reported(run):
    app = open_lab(run, span=SPAN, retraining="c" * 16)
    assert "No retraining 'cccccccccccccccc'" in texts(app.error)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pair": "lost"}, "does not contain the pair"),
        ({"tuning": "none"}, "nothing to leave out"),
        ({"pair": "tiny-sft"}, "has changed since this answer"),
    ],
)
def test_why_an_answer_cannot_be_retrained_is_reported(run, changes, message):
    other = example_run("f" * 16, **changes)
    save_run(services.store(), other)
    app = open_app("test", lab=VIEW, run=other.run_id, span="0-3")
    assert message in texts(app.error)
    assert not app.exception


def test_a_dataset_that_changed_since_tuning_is_reported(run, tuned):
    assert not open_lab(run, span=SPAN).error
    dataset = tuned[0].parent / "tiny.jsonl"
    text = dataset.read_text()
    try:
        dataset.write_text(text.replace("The Nile.", "The Rhine."))
        assert "is not what tiny-sft was tuned on" in texts(open_lab(run, span=SPAN).error)
    finally:
        dataset.write_text(text)
    assert not open_lab(run, span=SPAN).error
