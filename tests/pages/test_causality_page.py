"""The Causality page without a browser: source, wordings, answers, judgments."""

import pytest
from app_pages import button, open_app, plain_texts, texts
from example_runs import FEATURED_RUN

from itlim.causality.rephrasing.asking import case_id
from itlim.errors import NotFoundError
from itlim.records import Judged
from itlim.store.counterfactuals import counterfactuals_of, load_case
from itlim.ui.shared import services
from itlim.ui.test.asking import rephrasings_in_progress

RUN = FEATURED_RUN
SPAN = "22-46"


pytestmark = pytest.mark.usefixtures("indexed")


def finish(case: str) -> None:
    """Wait until the questions in progress are answered."""
    work = rephrasings_in_progress().get(case)
    if work is not None:
        work.wait(90)


def test_source_and_wordings_are_proposed_for_the_marked_phrase():
    app = open_app("test", lab="Ask differently", run=RUN, span=SPAN)
    assert not app.exception
    assert [one.value for one in app.multiselect if one.label == "Borrowed from"] == [["demo-156"]]
    assert [one.label for one in app.checkbox if one.value] == [
        "Tell me who established Toyota.",
        "Toyota was founded by whom?",
    ]
    assert "Synonym of “founded”" in [one.label for one in app.text_input]
    assert button(app, "Ask 2 questions")


def test_the_page_says_which_proposals_avoid_the_words_shared_with_the_source():
    app = open_app("test", lab="Ask differently", run=RUN, span=SPAN)
    synonym = next(one for one in app.text_input if one.label == "Synonym of “founded”")
    assert synonym.value == "established"
    assert "Proposal 1 avoids “founded”" in plain_texts(app)
    synonym.set_value("").run()
    assert "All proposals keep “founded”" in plain_texts(app)
    assert "Tell me who established Toyota." not in [one.label for one in app.checkbox]


def test_opening_the_page_stores_nothing():
    open_app("test", lab="Ask differently", run=RUN, span="0-6")
    with pytest.raises(NotFoundError):
        load_case(services.store(), case_id(RUN, 0, 6))


def test_own_wordings_survive_a_change_of_page_until_they_are_asked():
    app = open_app("test", lab="Ask differently", run=RUN, span=SPAN)
    app.text_area[0].set_value("Who founded Toyota?").run()
    app.switch_page("pages/views/ask.py").run()
    app.query_params.clear()
    app.query_params.update({"lab": "Ask differently", "run": RUN, "span": SPAN})
    app.switch_page("pages/views/test.py").run()
    assert app.text_area[0].value == "Who founded Toyota?"
    button(app, "Ask 3 questions").click().run()
    finish(case_id(RUN, 22, 46))
    assert app.text_area[0].value == ""


def test_answers_are_stored_and_can_be_judged_and_excluded():
    app = open_app("test", lab="Ask differently", run=RUN, span=SPAN)
    app.text_area[0].set_value("Who founded Toyota?\n\n").run()
    button(app, "Ask 3 questions").click().run()
    case = load_case(services.store(), case_id(RUN, 22, 46))
    assert (case.start, case.stop) == (22, 46)
    finish(case.case_id)
    app.run()
    assert not app.error
    assert not app.exception
    rows = counterfactuals_of(services.store(), case.case_id)
    assert len(rows) == 3
    assert {row.counterfactual.template for row in rows} >= {"own words", "concept words swapped"}
    first = rows[0].counterfactual.counterfactual_id
    app.segmented_control(key=f"answer_correct-{first}").set_value(Judged.NO).run()
    next(one for one in app.button if one.key == f"out-{first}").click().run()
    after = counterfactuals_of(services.store(), case.case_id)
    assert (after[0].answer_correct, after[0].is_kept) == ("no", False)
    assert "1 excluded answer" in [one.label for one in app.expander]


def test_the_page_rejects_a_wording_that_equals_the_question():
    app = open_app("test", lab="Ask differently", run=RUN, span="22-26")
    for box in app.checkbox:
        box.uncheck()
    app.text_area[0].set_value("Tell me who founded Toyota.").run()
    button(app, "Ask 1 question").click().run()
    finish(case_id(RUN, 22, 26))
    app.run()
    assert "the instruction itself" in texts(app.error)
    # A later visit does not repeat the message.
    assert not open_app("test", lab="Ask differently", run=RUN, span="22-26").error


def test_a_link_to_an_unknown_run_still_offers_the_stored_runs():
    app = open_app("test", lab="Ask differently", run="nonsense")
    assert "No run 'nonsense'" in texts(app.warning)
    assert len(app.selectbox(key="trace_run").options) > 100


def test_a_link_to_words_outside_the_answer_is_reported():
    app = open_app("test", lab="Ask differently", run=RUN, span="9999-10000")
    assert "linked phrase is not in this answer" in texts(app.markdown)


def test_rephrased_answers_are_not_offered_by_the_picker_but_listed_in_the_library():
    app = open_app("test", lab="Ask differently", run=RUN, span=SPAN)
    before = len(app.selectbox(key="trace_run").options)
    button(app, "Ask 2 questions").click().run()
    finish(case_id(RUN, 22, 46))
    app.run()
    assert len(app.selectbox(key="trace_run").options) == before
    library = open_app("data_models", part="Stored runs")
    assert "Toyota was founded by whom?" in library.dataframe[-1].value.to_string()


def test_an_address_opens_the_seed_and_the_questions_of_the_ground_truth():
    part = "Ground truth about sources"
    app = open_app("evidence", part=part, truth_split="dev", truth_measure="Anything")
    assert not app.exception
    assert app.segmented_control(key="truth_split").value == "dev"
    assert app.segmented_control(key="truth_measure").value == "hit_1"


def test_the_ground_truth_is_drawn_for_a_seed_and_a_question_set():
    app = open_app("evidence", part="Ground truth about sources")
    assert not app.exception
    assert len(app.get("plotly_chart")) >= 1
    assert "bootstrap" in texts(app.caption)
    assert "160 phrases occur in at least one instance" in texts(app.caption)
