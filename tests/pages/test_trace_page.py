"""The Trace page under AppTest, over the demo family's stored answers and its real index."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from example_runs import FEATURED_RUN

from itlim.library import add_pair, load_library
from itlim.store.connection import Store
from itlim.store.runs import save_run
from tests.app_pages import button, open_app, payloads, texts
from tests.example_runs import example_run

RESPONSE = "Toyota was founded by Tony and Maureen Wheeler. The company was started in 1947."
START = RESPONSE.index("Tony and Maureen Wheeler")
SPAN = f"{START}-{START + len('Tony and Maureen Wheeler')}"


def featured() -> str:
    return FEATURED_RUN


def open_trace(**query):
    return open_app("trace", **query)


def trace_of(app):
    """The payload of the two-sided view; None if it is not shown."""
    return next((one for one in payloads(app) if "candidates" in one), None)


def test_a_link_opens_run_span_and_candidate(indexed):
    app = open_trace(run=featured(), span=SPAN, cand="demo-156")
    assert not app.exception
    assert not app.error
    shown = trace_of(app)
    assert shown["response"][slice(*shown["span"])] == "Tony and Maureen Wheeler"
    assert shown["candidates"][0]["id"] == "demo-156"
    assert shown["candidate"] == "demo-156"
    assert "Maureen Wheeler" in shown["candidates"][0]["fields"][-1]["text"]


def test_without_a_span_the_rarest_suggested_span_is_traced(indexed):
    app = open_trace(run=featured())
    assert "Tony and Maureen Wheeler" in trace_of(app)["response"][slice(*trace_of(app)["span"])]
    assert "No words selected yet" in texts(app.caption)
    overview = next(one for one in payloads(app) if "suggested" in one)
    assert "Wheeler" in overview["suggested"][0]["quote"]
    tokens = next(one for one in payloads(app) if "texts" in one)
    assert tokens["underlines"]
    assert tokens["layers"][0]["label"] == "traced"


@pytest.mark.parametrize("query", [{}, {"datasets": "demo"}])
def test_a_field_that_the_browser_draws_again_shows_the_datasets_searched(indexed, query):
    app = open_trace(run=featured(), **query)
    field = next(one for one in app.multiselect if one.label == "Datasets")
    assert field.value
    assert [field.options[place] for place in field.proto.default] == field.value


def test_changing_a_weight_changes_the_score_immediately(indexed):
    app = open_trace(run=featured(), span=SPAN)
    before = trace_of(app)["candidates"][0]
    app.slider(key="weight-evidence").set_value(2.0).run()
    after = trace_of(app)["candidates"][0]
    assert after["score"] == pytest.approx(before["score"] + before["parts"][0][0])
    assert trace_of(app)["doc"] == f"{featured()}/{SPAN}"


def test_filters_hide_candidates_and_report_how_many(indexed):
    app = open_trace(run=featured(), span=SPAN)
    app.text_input(key="containing").set_value("nothing holds this").run()
    assert trace_of(app)["candidates"] == []
    assert "The filters hide" in texts(app.caption)


def test_own_text_is_traced_and_must_contain_the_quote(indexed):
    app = open_trace()
    app.segmented_control(key="source").set_value("Your own text").run()
    app.text_area(key="typed_response").set_value("I met Tony and Maureen Wheeler in Paris.")
    app.text_input(key="typed_quote").set_value("Maureen Wheeler")
    next(button for button in app.button if button.label == "Trace").click().run()
    assert not app.error
    assert trace_of(app)["candidates"][0]["id"] == "demo-156"
    app.text_input(key="typed_quote").set_value("Mrs Wheeler")
    next(button for button in app.button if button.label == "Trace").click().run()
    assert "does not contain 'Mrs Wheeler'" in texts(app.error)
    assert app.text_area(key="typed_response").value.startswith("I met")


TYPED = "I met Tony and Maureen Wheeler in Paris."


def type_text(app, response=TYPED, words="Maureen Wheeler"):
    app.segmented_control(key="source").set_value("Your own text").run()
    app.text_area(key="typed_response").set_value(response)
    app.text_input(key="typed_quote").set_value(words)
    return button(app, "Trace").click().run()


def test_the_address_of_a_typed_text_opens_the_same_trace(indexed):
    app = type_text(open_trace())
    named = {name: app.query_params[name] for name in ("text", "words")}
    assert named == {"text": TYPED, "words": "Maureen Wheeler"}
    again = open_trace(source="Your own text", **named)
    assert again.text_area(key="typed_response").value == TYPED
    assert trace_of(again) == trace_of(app)


def test_a_selection_in_a_typed_text_is_in_its_address(indexed):
    start = TYPED.index("Tony")
    app = open_trace(source="Your own text", text=TYPED, span=f"{start}-{start + 24}", cand="x")
    assert not app.error
    assert trace_of(app)["span"] == [start, start + 24]
    assert app.query_params["span"] == f"{start}-{start + 24}"
    type_text(app)
    assert TYPED[slice(*trace_of(app)["span"])] == "Maureen Wheeler"
    assert not {"span", "cand"} & set(app.query_params)


def test_a_typed_text_that_is_too_long_for_an_address_says_so_and_is_kept(indexed):
    app = type_text(open_trace(), TYPED + " Then we left." * 120)
    assert "too long for the page's address" in texts(app.caption)
    assert "text" not in app.query_params
    assert trace_of(app)["candidates"][0]["id"] == "demo-156"


def test_the_typed_text_leaves_the_address_with_its_view_and_comes_back(indexed):
    app = type_text(open_trace())
    app.segmented_control(key="view").set_value("Search").run()
    assert not {"text", "words"} & set(app.query_params)
    app.segmented_control(key="view").set_value("A phrase").run()
    assert app.query_params["text"] == TYPED


def test_a_link_to_an_answer_opens_it_although_a_text_was_typed_before(indexed):
    app = type_text(open_trace())
    app.switch_page("pages/views/ask.py").run()
    app.query_params.clear()
    app.query_params["run"] = featured()
    app.switch_page("pages/views/trace.py").run()
    assert app.segmented_control(key="source").value == "A stored answer"
    assert trace_of(app)["doc"].startswith(featured())


def test_an_address_opens_the_filters_and_weights_that_it_names(indexed):
    query = {
        "levels": "strong",
        "show": "top 20",
        "containing": "Wheeler",
        "weight-evidence": "2.0",
        "discount": "true",
    }
    app = open_trace(run=featured(), span=SPAN, **query)
    assert app.selectbox(key="show").value == 20
    assert app.slider(key="weight-evidence").value == 2.0
    assert app.toggle(key="discount").value
    assert app.session_state["levels"] == ["strong"]
    assert app.text_input(key="containing").value == "Wheeler"
    assert "The filters hide" in texts(app.caption)


def test_invalid_filters_in_an_address_are_ignored(indexed):
    query = {"levels": "best", "show": "all", "weight-evidence": "much", "discount": "maybe"}
    app = open_trace(run=featured(), span=SPAN, **query)
    assert not app.exception
    assert trace_of(app) == trace_of(open_trace(run=featured(), span=SPAN))


def test_the_address_names_the_words_selected_in_each_answer_side_by_side(indexed):
    app = open_trace(run=featured(), view="base | LFT | SFT", sides=f"{featured()}.0-6,x.3-9,y")
    assert not app.exception
    assert "The words you selected." in texts(app.caption)
    mine = next(one for one in payloads(app) if one.get("doc") == f"{featured()}/0-6")
    assert mine["response"][slice(*mine["span"])] == RESPONSE[:6]


@pytest.mark.parametrize("sides", ["0-6", f"{FEATURED_RUN}.6-0", f"{FEATURED_RUN}.0-99999", ",."])
def test_invalid_selections_side_by_side_are_ignored(indexed, sides):
    app = open_trace(run=featured(), view="base | LFT | SFT", sides=sides)
    assert not app.exception
    assert "The words you selected." not in texts(app.caption)


def test_words_that_do_not_occur_have_no_source(indexed):
    app = open_trace()
    app.segmented_control(key="source").set_value("Your own text").run()
    app.text_area(key="typed_response").set_value("Xyzzy plugh frotz.")
    app.text_input(key="typed_quote").set_value("plugh frotz")
    next(button for button in app.button if button.label == "Trace").click().run()
    assert trace_of(app)["summary"]["verdict"].startswith("No source found")


def test_the_demo_index_is_built_automatically_and_others_are_offered(home, monkeypatch):
    begun = []
    monkeypatch.setattr(
        "itlim.ui.shared.tracing.indexes.start_build", lambda entry: begun.append(entry.name)
    )
    app = open_trace(run=featured(), span=SPAN)
    assert begun == ["demo"]
    assert not app.exception
    assert "has no index yet" in texts(app.markdown)
    assert trace_of(app) is None


def test_a_damaged_index_is_named_and_can_be_rebuilt(indexed):
    (folder,) = (indexed / "indexes").iterdir()
    (folder / "meta.json").write_text("{", encoding="utf-8")
    app = open_trace(run=featured(), span=SPAN)
    assert not app.exception
    assert "meta.json cannot be read" in texts(app.markdown)
    assert "Rebuild the index" in [button.label for button in app.button]


def test_a_pair_without_a_dataset_asks_for_it_and_saves_it(indexed):
    pair = load_library().pair("demo-sft")
    # With its training note, the model would name the dataset itself.
    copy = shutil.copytree(
        pair.tuned.path, indexed / "mine", ignore=shutil.ignore_patterns("training.json")
    )
    tuned = replace(pair.tuned, path=str(copy))
    add_pair(replace(pair, name="mine", tuned=tuned, dataset=None))
    with Store(indexed / "itlim.duckdb") as store:
        run = example_run("feed" * 4, created_at=datetime.now(UTC), pair="mine")
        save_run(store, run)
    app = open_trace(run="feed" * 4)
    assert "The tuning dataset of mine is unknown" in texts(app.info)
    app.multiselect[0].set_value(["demo"]).run()
    next(
        button for button in app.button if "as the tuning dataset of" in button.label
    ).click().run()
    assert load_library().pair("mine").dataset == "demo"


def test_base_lft_and_sft_are_traced_side_by_side(indexed):
    app = open_trace(run=featured(), span=SPAN, view="base | LFT | SFT")
    assert not app.exception
    assert [title.value for title in app.subheader] == ["base", "LFT (LoRA)", "SFT (full)"]
    responses = {one["response"] for one in payloads(app) if "candidates" in one}
    assert RESPONSE in responses


def test_an_instance_leads_to_the_stored_answers_that_share_its_words(indexed):
    app = open_trace(view="An instance", instance="demo-156")
    for _ in range(60):
        if not app.get("progress"):
            break
        app.run()
    assert not app.exception
    table = app.dataframe[0].value
    assert "Tony and Maureen Wheeler" in " ".join(table["shared words"])
    assert "demo-sft" in set(table["pair"])


@pytest.mark.parametrize("instance", ["demo", "nowhere-3", "demo-99999", "demo-x"])
def test_an_instance_that_does_not_exist_is_an_error(indexed, instance):
    app = open_trace(view="An instance", instance=instance)
    assert not app.exception
    assert app.error
