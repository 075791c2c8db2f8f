"""Every page in both themes: axe-core finds no serious fault, and nothing scrolls sideways."""

import json
import os
import re
from urllib.parse import quote_plus

import pytest
from annotating import enter_name
from example_ratings import all_scores, preference, preferences_table, rating, ratings_table
from example_remote import remote_run, remote_token
from example_retrainings import QUOTE, START, experiment
from example_runs import FEATURED_RUN, example_response, example_run
from playwright.sync_api import Browser, Page, expect
from remedies.parents import parent_of
from servers import ROOT, streamlit_server, warm_up

from itlim.annotation.side_by_side import plan_comparisons
from itlim.library import DatasetEntry, add_dataset
from itlim.records import RemoteRun, SideBySide, Study
from itlim.remedies.deriving import write_derived
from itlim.remedies.simplify_rules import SimplifyRules
from itlim.remedies.simplifying import simplified_by_rules
from itlim.store.comparisons import answered_by_both, create_side_by_side
from itlim.store.ratings import ratable_answers, save_preferences, save_ratings
from itlim.store.remote_runs import save_remote
from itlim.store.retrainings import save_retraining
from itlim.store.runs import save_run
from itlim.ui.findings.sections import Part
from tests.marked_studies import database, made, work

pytestmark = [pytest.mark.browser, pytest.mark.full]
AXE = ROOT / "tests" / "js" / "node_modules" / "axe-core" / "axe.min.js"
SLOW = 90_000
RUN = f"run={FEATURED_RUN}"
PAGES = [
    "/",
    "/?all=true&ask=Tell+me+who+founded+Toyota.",
    f"/trace?{RUN}",
    f"/trace?{RUN}&view=base+%7C+LFT+%7C+SFT",
    "/trace?view=Search&q=Maureen+Wheeler",
    "/trace?view=An+instance&instance=demo-156",
    "/trace?source=Your+own+text&text=I+met+Maureen+Wheeler+in+Paris.&words=Maureen+Wheeler",
    f"/test?{RUN}",
    f"/test?{RUN}&lab=Ask+differently",
    "/mark",
    "/adjudicate",
    "/judge-pairs",
    "/data-models",
    "/data-models?part=Derived+datasets",
    "/data-models?part=Model+pairs",
    "/data-models?part=Batches",
    "/data-models?part=Stored+runs",
    "/data-models?part=Backups",
    "/data-models?part=Disk+%26+memory",
    "/findings",
    "/findings?part=Model+judge",
    "/findings?part=Model+judge&judge=Ask+or+import",
    "/findings?part=Remedies",
    *(
        f"/findings?pairs=demo-sft,demo-lft&part={quote_plus(part)}"
        for part in Part
        if part not in (Part.SHIFT, Part.JUDGE, Part.REMEDIES)
    ),
    "/evidence",
    "/evidence?part=Ground+truth+about+sources",
    "/tour?step=1",
    "/tour?step=2",
    "/tour?step=3",
    # What is folded elsewhere is open here.
    f"/?{RUN}&measures=true&charts=true&provenance=true&export-box=true",
    f"/trace?{RUN}&filters=true&other-words=true&unfolded=figures,others",
    "/data-models?dataset=demo&first-rows=true&which-dataset=true&add-dataset=true",
    "/data-models?part=Model+pairs&pair=demo-sft&add-pair=true&add-remote=true",
    "/data-models?part=Stored+runs&import-runs=true",
    "/findings?part=Datasets&pairs=demo-sft&paper-datasets=true",
]
BEHIND_THE_NAME = [
    ("/mark?study=dogs", "dora", "Guideline"),
    ("/mark?study=dogs", "ann", "submitted"),
    ("/mark?study=dogs&marking=New+study", "dora", "Answers by"),
    ("/mark?study=dogs&marking=Study", "bea", "Progress"),
    ("/adjudicate?study=dogs", "zoe", "Proposals"),
    ("/adjudicate?study=dogs&adjudicating=Agreement", "zoe", "Krippendorff"),
    ("/adjudicate?study=dogs&adjudicating=Exchange", "zoe", "contain everything"),
    ("/judge-pairs?study=tuning", "dora", "of 3 judged"),
]
"""Pages of annotation, who opens them, and what they then show; "ann" has submitted everything."""
IMPORTED = [f"/{page}?run={example_response().run_id}" for page in ("", "trace", "test")]
"""Pages with an answer that was imported without its models."""
REMOTE_RUN, DERIVED = "e" * 16, "short"
STORED = [
    ("/findings?part=Model+judge&judge=Preferences", "Beside another judge"),
    ("/findings?part=Model+judge&judge=Beside+people", "Disagreements"),
    (f"/data-models?part=Derived+datasets&derived={DERIVED}", "Lineage: simplify"),
    (f"/?run={REMOTE_RUN}", "What each column is"),
    (
        f"/test?run={example_run().run_id}&lab=Retrain+without+it&retraining={experiment().experiment_id}"
        f"&span={START}-{START + len(QUOTE)}",
        "Does the phrase survive?",
    ),
    ("/", "The app stopped while it answered"),
]
"""Pages with ratings, a derived dataset, a remote answer, a retraining or the note after a kill,
and what they then show."""
WINDOWS = {1280: ("light", "dark"), 390: ("dark", "light")}
"""By width, the theme in which the page is opened and the one to which the system then changes."""
MEASURE = """axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => violations
  .filter(({impact}) => impact === "serious" || impact === "critical")
  .flatMap(({id, nodes}) => nodes.map((node) =>
    [id, node.any[0]?.data?.contrastRatio ?? "", node.html.slice(0, 120)].join(" "))))"""
SETTLED = """() => new Promise((resolve) => {
  let waiting = setTimeout(resolve, 300);
  const again = () => { clearTimeout(waiting); waiting = setTimeout(resolve, 300); };
  const changes = { subtree: true, childList: true, attributes: true, characterData: true };
  new MutationObserver(again).observe(document, changes);
  setTimeout(resolve, 3000);
})"""
"""Resolves when the document has not changed for 0.3 s, at the latest after 3 s."""
GROUND = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
SCROLLS_SIDEWAYS = """[document.documentElement, document.querySelector(".stMain")]
  .filter((node) => node && node.scrollWidth > node.clientWidth + 1).length"""


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.exists():
        if os.environ.get("CI") == "true":
            raise RuntimeError(f"{AXE} is missing: run `make lint`, which installs it.")
        pytest.skip("axe-core is not installed: run `make lint`.")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def studied_app(tmp_path_factory):
    """The app with a study that two people have marked, and one of compared answers."""
    home = tmp_path_factory.mktemp("studies")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ITLIM_HOME", str(home))
        items = made(home, featured_only=True, annotators_per_item=3)
        with database(home) as store:
            for item in items:
                work(store, item, "ann", ("Tony and Maureen Wheeler", "not_factual"))
                work(store, item, "bea", ("Maureen Wheeler", "not_factual"))
            _compare(store)
            _judge(store)
            save_run(store, example_response())
            save_remote(store, _remote())
            save_run(store, example_run(pair="demo-sft"))
            save_retraining(store, experiment(pair="demo-sft"))
        _derive(home)
        _leave_as_a_killed_app(home)
    with streamlit_server(
        ROOT / "app.py", home, ITLIM_HOME=str(home), ITLIM_DB=str(home / "itlim.duckdb")
    ) as address:
        warm_up(address)
        yield address


def _compare(store) -> None:
    of, pairs = Study(study_id="tuning", title="Tuning"), ("demo-sft", "demo-lft")
    found = answered_by_both(store, *pairs)
    compared = SideBySide(pair_a=pairs[0], pair_b=pairs[1], n_both=len(found), n_same=0)
    create_side_by_side(store, of, compared, plan_comparisons(found, of, n_items=3), by="ann")


def _judge(store) -> None:
    """Two judges' ratings of answers that people marked and others, and preferences."""
    pairs = ("demo-lft", "demo-sft")
    found = ratable_answers(store, pairs)[:40]
    rows = [
        rating(one.run_id, pair=one.pair, instruction=one.instruction, judge=judge,
               **all_scores(1 + (place + len(judge)) % 5))
        for place, one in enumerate(found)
        for judge in ("judge", "other-judge")
    ]  # fmt: skip
    rows.append(rating(FEATURED_RUN, **all_scores(5)))
    save_ratings(store, ratings_table(*rows))
    both = {"pair_first": pairs[0], "pair_second": pairs[1]}
    named = [
        preference(first.run_id, second.run_id, verdict, instruction=first.instruction, **both)
        for first, second, verdict in zip(
            found[::2], found[1::2], ("first", "second", "tie", None) * 5, strict=True
        )
    ]
    published = [one | {"judge": "published", "in_order": None, "reversed": None} for one in named]
    save_preferences(store, preferences_table(*named, *published))


def _remote() -> RemoteRun:
    rows = [
        remote_token(0, "Toyota", "unshifted", run_id=REMOTE_RUN),
        remote_token(1, " was sold", "shifted", run_id=REMOTE_RUN),
        remote_token(2, " by whom?", None, run_id=REMOTE_RUN),
    ]
    return remote_run(rows, run_id=REMOTE_RUN, pair="served", instruction="Who sold Toyota?")


def _leave_as_a_killed_app(home) -> None:
    (home / "answering").mkdir()
    lost = {"instruction": "Who founded Toyota?", "pid": 1, "since": 0.0}
    (home / "answering" / "a.json").write_text(json.dumps(lost), encoding="utf-8")


def _derive(home) -> None:
    parent = parent_of(home)
    add_dataset(DatasetEntry(name=parent.facts.name, path=home / "mine.jsonl"))
    out = home / "datasets" / f"{DERIVED}.jsonl"
    out.parent.mkdir()
    write_derived(out, parent, simplified_by_rules(parent, SimplifyRules(sentences=1)))
    add_dataset(DatasetEntry(name=DERIVED, path=out))


@pytest.fixture(scope="module")
def windows(browser: Browser):
    """One context per width, so that Streamlit's scripts are loaded and compiled twice only."""
    opened = {
        width: browser.new_context(viewport={"width": width, "height": 844}, color_scheme=themes[0])
        for width, themes in WINDOWS.items()
    }
    yield opened
    for context in opened.values():
        context.close()


@pytest.fixture(params=WINDOWS)
def screen(windows, request):
    context = windows[request.param]
    page = context.new_page()
    page.set_default_timeout(SLOW)
    yield page
    page.close()
    context.clear_cookies()


def wait_until_drawn(page: Page) -> None:
    page.wait_for_selector("html[data-itlim-repaired]", state="attached")
    page.wait_for_function(
        "document.querySelector('.stApp')?.dataset.testScriptState === 'notRunning'"
    )
    page.evaluate(SETTLED)  # charts and tables draw after the script has ended


def check_both_themes(screen: Page, axe: str) -> None:
    first, second = WINDOWS[screen.viewport_size["width"]]
    screen.emulate_media(color_scheme=first)
    wait_until_drawn(screen)
    screen.evaluate(axe)
    ground = screen.evaluate(GROUND)
    _check(screen, first)
    screen.emulate_media(color_scheme=second)
    screen.wait_for_function(f"{GROUND} !== {json.dumps(ground)}")  # it follows the system
    wait_until_drawn(screen)
    _check(screen, second)


def _check(screen: Page, theme: str) -> None:
    assert screen.evaluate(MEASURE) == [], theme
    assert screen.evaluate(SCROLLS_SIDEWAYS) == 0, theme


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_serious_fault_and_does_not_scroll_sideways(traced_app, screen, axe, path):
    screen.goto(traced_app + path)
    check_both_themes(screen, axe)


@pytest.mark.parametrize(("path", "who", "shown"), BEHIND_THE_NAME)
def test_a_page_behind_the_name_has_no_serious_fault(studied_app, screen, axe, path, who, shown):
    screen.goto(studied_app + path)
    enter_name(screen, who)
    expect(screen.get_by_text(re.compile(shown)).first).to_be_visible(timeout=SLOW)
    check_both_themes(screen, axe)


@pytest.mark.parametrize("path", IMPORTED)
def test_a_page_with_an_imported_answer_has_no_serious_fault(studied_app, screen, axe, path):
    screen.goto(studied_app + path)
    check_both_themes(screen, axe)


@pytest.mark.parametrize(("path", "shown"), STORED)
def test_a_page_with_what_users_made_has_no_serious_fault(studied_app, screen, axe, path, shown):
    screen.goto(studied_app + path)
    expect(screen.get_by_text(shown).first).to_be_visible(timeout=SLOW)
    check_both_themes(screen, axe)


@pytest.mark.full
def test_every_choice_of_a_row_of_buttons_is_in_view_on_a_phone(traced_app, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{traced_app}/trace")
    expect(page.get_by_role("radio", name="Search")).to_be_in_viewport(ratio=1, timeout=90_000)
    context.close()
