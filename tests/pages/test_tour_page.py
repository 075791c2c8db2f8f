"""The tour page under AppTest, on the shipped answer."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from app_pages import open_app, payloads, texts
from example_runs import FEATURED_RUN, first_visit

from itlim.components.trace.verbatim_marks import character_range
from itlim.store.runs import require_run
from itlim.ui.shared import services
from itlim.ui.shared.tracing.index_build import IndexBuild
from itlim.ui.shared.tracing.indexes import builds


def steps_of(app):
    return next(one for one in payloads(app) if "steps" in one and "texts" not in one)


def test_the_three_steps_are_computed_from_the_shipped_answer(indexed):
    app = open_app("tour")
    assert not app.exception
    assert not app.error
    false, copied, gone = steps_of(app)["steps"]
    _, response, base = first_visit()
    assert false["texts"][1]["text"] == response
    assert false["texts"][2]["text"].strip() == base.strip()
    assert copied["texts"][2]["marks"]
    assert re.fullmatch(r"Without the training example \S+, “.+” is gone\.", gone["statement"])


@pytest.mark.parametrize(("place", "page"), [(0, "ask"), (1, "trace"), (2, "test")])
def test_each_step_links_to_a_state_of_the_app(indexed, place, page):
    link = steps_of(open_app("tour"))["steps"][place]["link"]
    address, _, query = link.partition("?")
    assert address == ("./" if page == "ask" else f"./{page}")
    given = dict(part.split("=") for part in query.split("&"))
    app = open_app(page, **given)
    assert not app.exception
    assert not app.error
    assert not app.warning


def test_the_first_step_links_to_the_false_words_selected_in_the_answer(indexed):
    first, second, _ = (step["link"] for step in steps_of(open_app("tour"))["steps"])
    selected = parse_qs(urlsplit(first).query)
    traced = parse_qs(urlsplit(second).query)
    tokens = require_run(services.store(), selected["run"][0]).tokens
    start, stop = map(int, selected["sel"][0].split("-"))
    assert "{}-{}".format(*character_range(tokens, start, stop)) == traced["span"][0]


def test_the_tour_continues_where_it_was_left(indexed):
    app = open_app("tour", step="2")
    assert steps_of(app)["step"] == 2
    app.switch_page("pages/views/ask.py").run()
    assert "Continue the tour" in [one.proto.label for one in app.get("page_link")]
    app.query_params.clear()
    app.switch_page("pages/views/tour.py").run()
    assert steps_of(app)["step"] == 2


def test_without_the_shipped_answer_the_tour_says_what_to_restore(home):
    open_app("ask", run="none")
    store = services.store()
    from itlim.store.runs import delete_runs

    delete_runs(store, [first_visit()[0]])
    app = open_app("tour")
    assert "Restore the project's folder data" in texts(app.error)


@pytest.mark.parametrize(("page", "n_bars"), [("tour", 0), ("test", 0), ("trace", 1)])
def test_embeddings_in_the_making_are_shown_only_where_candidates_are_ranked(indexed, page, n_bars):
    build = IndexBuild(services.library().dataset("demo"))
    build.has_words = True
    builds()["demo"] = build
    app = open_app(page, run=FEATURED_RUN)
    assert not app.exception
    assert len([bar for bar in app.get("progress") if "of demo" in bar.proto.text]) == n_bars
