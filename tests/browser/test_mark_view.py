"""The mark view, mounted by Streamlit on a page that stores marks in a list."""

import itertools

import pytest
from marking_gestures import box_of, drag, focus_text, press, quotes, rows
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
SCRIPT = "tests/browser/pages_for_tests/mark_view_page.py"
_runs = itertools.count()


@pytest.fixture(scope="session")
def address(serve) -> str:
    return serve(SCRIPT)


@pytest.fixture
def view(page: Page, address: str):
    """`view(case)` opens a case with a new sheet and waits until it is painted."""
    page.on("dialog", lambda dialog: dialog.accept())  # "unsaved changes", upon a reload

    def show(case: str = "plain") -> Page:
        page.goto(f"{address}/?case={case}&run={next(_runs)}")
        page.wait_for_selector(".mv[data-ready]")
        return page

    return show


def click(page: Page, quote: str, **how: object) -> None:
    box = box_of(page, quote)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    if how.pop("double", False):
        page.mouse.dblclick(x, y)
    else:
        page.mouse.click(x, y)


def expect_stored(page: Page, *parts: str) -> None:
    """Wait until the server has stored one event that contains all of these parts."""
    line = page.locator("[data-testid=stText]")
    for part in parts:
        line = line.filter(has_text=part)
    expect(line.first).to_be_visible()


def expect_saved(page: Page) -> None:
    expect(page.locator(".mv-status")).to_have_text("Saved 12:03:04")


def test_a_drag_marks_whole_words_and_the_server_checks_the_quote(view):
    page = view()
    drag(page, "ery fir", "mag")
    expect(page.locator(".selection")).to_have_count(1)
    press(page, "1")
    assert quotes(page) == ["very first image"]
    expect_saved(page)
    expect_stored(page, "put_mark", "'quote': 'very first image'", "'label': 'not_factual'")
    expect(page.locator(".mv-over .bar.label-0")).to_have_count(1)


@pytest.mark.full
def test_a_double_click_selects_a_word_and_the_menu_marks_it(view):
    page = view()
    click(page, "Kourou", double=True)
    page.locator(".mv-menu button", has_text="Not useful").click()
    expect_stored(page, "'quote': 'Kourou'", "'label': 'not_useful'")
    expect(page.locator(".mv-text")).to_be_focused()


@pytest.mark.full
def test_a_shift_click_extends_the_selection(view):
    page = view()
    click(page, "gold", double=True)
    box = box_of(page, "segments")
    page.keyboard.down("Shift")
    page.mouse.click(box["x"] + 5, box["y"] + box["height"] / 2)
    page.keyboard.up("Shift")
    press(page, "Enter")
    assert quotes(page) == ["gold-plated segments"]


def test_marks_can_be_made_resized_and_deleted_by_keyboard_alone(view):
    page = view()
    focus_text(page)
    press(page, "ArrowRight", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "2")
    assert quotes(page) == ["Webb Space"]
    expect(rows(page)).to_have_attribute("class", "row chosen")
    press(page, "}")
    assert quotes(page) == ["Webb Space Telescope"]
    press(page, "[", "{", "{")
    assert quotes(page) == ["James Webb"]
    press(page, "]", "]", "]")  # one word remains: a mark never becomes empty
    assert quotes(page) == ["Webb"]
    press(page, "1")
    expect_stored(page, "'quote': 'Webb'", "'label': 'not_factual'")
    press(page, "Delete")
    expect(rows(page)).to_have_count(0)
    expect_stored(page, "delete_mark")
    press(page, "ArrowDown", "End", "Shift+ArrowLeft", "Shift+ArrowLeft", "Enter")
    assert quotes(page) == ["rocket."]
    press(page, "Escape", "Control+Home", "Shift+ArrowRight", "1")
    assert quotes(page) == ["The", "rocket."]
    expect_saved(page)


@pytest.mark.full
def test_characters_are_graphemes_and_offsets_are_code_points(view):
    page = view("emoji")
    focus_text(page)
    press(page, "w")
    expect(page.locator(".mv-snap [aria-pressed=true]")).to_have_text("Characters")
    press(page, "Shift+ArrowRight", "1")
    expect_stored(page, "'start': 0, 'stop': 5, 'quote': '👩\\u200d👩\\u200d👧'")
    press(page, "Escape", *["ArrowRight"] * 5, "Shift+ArrowRight", "1")
    expect_stored(page, "'start': 9, 'stop': 10, 'quote': 'é'")
    press(page, "Escape", "ArrowRight", "ArrowRight", "Shift+ArrowRight", "2")
    expect_stored(page, "'start': 11, 'stop': 12, 'quote': '🐶'")
    press(page, "Escape", "w")
    click(page, "שלום", double=True)
    press(page, "2")
    expect_stored(page, "'start': 13, 'stop': 17, 'quote': 'שלום'")
    assert quotes(page) == ["👩‍👩‍👧", "é", "🐶", "שלום"]


@pytest.mark.full
def test_white_space_and_awkward_characters_are_kept_and_shown(view):
    page = view("awkward")
    expect(page.locator(".mv-text .break").first).to_have_text("CR↵")
    expect(page.locator(".mv-text .chip")).to_have_text(["202E"])
    assert page.locator(".mv-text b").count() == 0
    focus_text(page)
    press(page, "Shift+ArrowRight", "Control+Shift+End", "1")
    expect_stored(page, "'start': 0", r"One\xa0two\r\nthree\tfour cafe")
    expect_saved(page)


@pytest.mark.full
def test_single_tokens_can_be_marked(view):
    page = view()
    page.locator(".mv-snap button", has_text="Tokens").click()
    drag(page, "h", "James")
    press(page, "1")
    expect_stored(page, "'start': 0, 'stop': 8, 'quote': 'The Jame'")


@pytest.mark.full
def test_overlapping_marks_can_both_be_seen_and_clicked(view):
    page = view("marked")
    bars = page.locator(".mv-over .bar")
    tops = [bars.nth(n).evaluate("node => node.getBoundingClientRect().top") for n in range(2)]
    assert tops[0] < tops[1]
    chosen = page.locator(".row.chosen .quote")
    click(page, "exoplanet")
    expect(chosen).to_have_text("exoplanet in 2004")  # the shorter one
    click(page, "exoplanet")
    expect(chosen).to_have_text("the very first image of an exoplanet")
    press(page, "Escape")
    bars.nth(1).click(position={"x": 10, "y": 2})
    expect(chosen).to_have_text("exoplanet in 2004")
    bars.nth(0).click(position={"x": 10, "y": 2})
    expect(chosen).to_have_text("the very first image of an exoplanet")


@pytest.mark.full
def test_a_handle_is_dragged_to_another_word(view):
    page = view("marked")
    click(page, "sunshield")
    handle = page.locator(".handle[data-edge=stop]").bounding_box()
    target = box_of(page, "tenn")
    page.mouse.move(handle["x"] + 7, handle["y"] + 12)
    page.mouse.down()
    page.mouse.move(target["x"] + 4, target["y"] + 8, steps=4)
    page.mouse.up()
    expect_stored(page, "'quote': 'sunshield is as large as a tennis'", "'label': 'not_useful'")


@pytest.mark.full
def test_n_p_and_tab_move_between_marks_and_tab_leaves_after_the_last(view):
    page = view("marked")
    focus_text(page)
    chosen = page.locator(".row.chosen .quote")
    press(page, "n", "n")
    expect(chosen).to_have_text("exoplanet in 2004")
    press(page, "p")
    expect(chosen).to_have_text("the very first image of an exoplanet")
    press(page, "Tab", "Tab")
    expect(chosen).to_have_text("sunshield is as large")
    press(page, "2")
    expect(page.locator(".mv-live")).to_contain_text("Not useful")
    press(page, "Tab", "Tab")
    expect(chosen).to_have_text("2022 Nobel Prize in Physics")
    press(page, "Tab")
    expect(page.locator(".mv-text")).not_to_be_focused()


@pytest.mark.full
def test_undo_and_redo_are_stored_by_the_server(view):
    page = view()
    focus_text(page)
    press(page, "Shift+ArrowRight", "1")
    expect_saved(page)
    press(page, "z")
    expect(rows(page)).to_have_count(0)
    press(page, "Shift+Z")
    expect(rows(page)).to_have_count(1)
    press(page, "Control+z")
    expect(rows(page)).to_have_count(0)
    press(page, "Control+y")
    expect(rows(page)).to_have_count(1)
    expect_stored(page, "undo {}")
    expect_stored(page, "redo {}")


@pytest.mark.full
def test_a_note_is_saved_and_shortcuts_are_off_while_typing(view):
    page = view("marked")
    row = rows(page).nth(1)
    row.locator(".choose").click()
    row.locator(".note").fill("")
    row.locator(".note").press_sequentially("Was 2M1207b: zcrs1?")
    press(page, "Enter")
    expect_stored(page, "'note': 'Was 2M1207b: zcrs1?'", "'origin': 'imported'")
    row.locator(".evidence_url").fill("en.wikipedia.org/wiki/2M1207b")
    press(page, "Tab")
    expect_stored(page, "'evidence_url': 'https://en.wikipedia.org/wiki/2M1207b'")
    row.locator(".evidence_url").fill("no address")
    press(page, "Enter")
    expect(row.locator(".evidence_url")).to_have_attribute("aria-invalid", "true")
    expect(row.get_by_role("alert")).to_contain_text("Not saved: enter an address")
    expect(row.locator(".evidence_url")).to_have_value("no address")
    expect(rows(page)).to_have_count(5)


@pytest.mark.full
def test_an_item_is_not_submitted_while_an_evidence_is_refused(view):
    page = view("marked")
    rows(page).nth(1).locator(".choose").click()
    evidence = rows(page).nth(1).locator(".evidence_url")
    evidence.fill("no address")
    page.locator(".mv-submit").click()
    expect(evidence).to_be_focused()
    expect(page.locator(".mv-submit")).to_be_enabled()
    evidence.fill("")
    page.locator(".mv-submit").click()
    expect_stored(page, "submit {'nothing_wrong': False}")
    expect(page.locator("[data-testid=stText]").filter(has_text="no address")).to_have_count(0)


@pytest.mark.full
def test_nothing_wrong_is_a_separate_action(view):
    page = view()
    submit = page.locator(".mv-submit")
    expect(submit).to_contain_text("Nothing wrong here")
    submit.click()
    expect_stored(page, "submit {'nothing_wrong': True}")
    expect(submit).to_be_disabled()
    focus_text(page)
    press(page, "Shift+ArrowRight", "1")
    expect(rows(page)).to_have_count(0)


@pytest.mark.full
def test_submitting_saves_a_note_that_is_being_typed(view):
    page = view("marked")
    expect(page.locator(".mv-submit")).to_contain_text("Submit")
    focus_text(page)
    press(page, "n")
    rows(page).first.locator(".note").press_sequentially("late")
    page.locator(".mv-submit").click()
    expect_stored(page, "'note': 'late'")
    expect_stored(page, "submit {'nothing_wrong': False}")


@pytest.mark.full
def test_skip_and_flag_ask_for_a_reason(view):
    page = view()
    focus_text(page)
    press(page, "f")
    page.locator(".mv-reason input").press_sequentially("half in another language")
    press(page, "Enter")
    expect_stored(page, "flag {'reason': 'half in another language'}")
    expect(page.locator(".mv-flag")).to_contain_text("Flagged")
    press(page, "k", "Escape")
    expect(page.locator(".mv-reason")).to_be_hidden()
    expect(page.locator(".mv-text")).to_be_focused()
    press(page, "k")
    page.locator(".mv-reason input").press_sequentially("no idea")
    page.locator(".mv-reason [type=submit]").click()
    expect_stored(page, "skip {'reason': 'no idea'}")


@pytest.mark.full
def test_an_unsent_reason_is_kept_until_it_is_canceled(view):
    page = view()
    focus_text(page)
    press(page, "k")
    reason = page.locator(".mv-reason input")
    reason.press_sequentially("half a rea")
    press(page, "Escape", "f")
    expect(reason).to_have_value("")
    press(page, "Escape", "k")
    expect(reason).to_have_value("half a rea")
    page.locator(".mv-reason .cancel").click()
    press(page, "k")
    expect(reason).to_have_value("")


def test_rejected_edits_survive_a_reload_and_are_saved_later(view):
    page = view("refuse")
    focus_text(page)
    press(page, "Shift+ArrowRight", "1")
    banner = page.get_by_role("alert").filter(has_text="Not saved: the database is locked")
    expect(banner).to_contain_text("Your marks are kept in this browser; retrying.")
    assert quotes(page) == ["The"]
    page.reload()
    page.wait_for_selector(".mv[data-ready]")
    expect(banner).to_be_visible()
    assert quotes(page) == ["The"]
    page.get_by_text("Refuse").click()
    expect_saved(page)
    expect(banner).to_be_hidden()
    expect(page.locator("[data-testid=stText]")).to_have_count(1)  # stored once
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.full
def test_unsaved_marks_survive_their_element_and_can_be_discarded(view):
    page = view("refuse")
    focus_text(page)
    press(page, "Shift+ArrowRight", "1")
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_text("Hide").click()
    expect(page.locator(".mv")).to_have_count(0)
    page.get_by_text("Hide").click()
    page.wait_for_selector(".mv[data-ready]")
    assert quotes(page) == ["The"]
    page.get_by_text("Discard unsaved changes").click()
    expect(rows(page)).to_have_count(0)
    page.get_by_text("Refuse").click()
    expect(page.get_by_role("alert").filter(has_text="locked")).to_have_count(0)
    focus_text(page)
    press(page, "Escape", "ArrowRight", "Shift+ArrowRight", "2")
    expect_saved(page)
    assert quotes(page) == ["James"]
    expect(page.locator("[data-testid=stText]")).to_have_count(1)


@pytest.mark.full
def test_a_server_that_does_not_answer_is_reported_and_the_edit_is_sent_again(page, view):
    page.clock.install()
    view("silent")
    focus_text(page)
    press(page, "Shift+ArrowRight", "1")
    expect(page.locator(".mv-status")).to_have_text("Saving…")
    page.clock.fast_forward(10_000)
    banner = page.get_by_role("alert").filter(has_text="the server does not respond")
    expect(banner).to_be_visible()
    page.get_by_text("Keep silent").click()
    expect_saved(page)
    expect(banner).to_be_hidden()


@pytest.mark.full
def test_a_change_in_another_tab_is_a_conflict_and_the_latest_version_can_be_loaded(view):
    page = view()
    focus_text(page)
    page.get_by_text("Keep silent").click()
    focus_text(page)
    press(page, "Shift+ArrowRight", "1")
    page.get_by_text("Change elsewhere").click()
    expect(rows(page)).to_have_count(2)
    page.get_by_text("Keep silent").click()
    banner = page.get_by_role("alert").filter(has_text="This item was changed in another tab")
    expect(banner).to_be_visible()
    expect(page.locator(".mv-submit")).to_be_disabled()
    page.get_by_text("Load latest version").click()
    expect(banner).to_be_hidden()
    expect(page.locator(".mv-submit")).to_be_enabled()
    assert quotes(page) == ["Kourou"]
    focus_text(page)
    press(page, "Shift+ArrowRight", "1")
    expect_saved(page)
    assert quotes(page) == ["The", "Kourou"]


@pytest.mark.full
def test_suggestions_are_accepted_or_rejected_one_by_one(view):
    page = view("suggest")
    expect(page.locator(".hint")).to_have_count(2)
    focus_text(page)
    press(page, "n", "2")
    expect_stored(page, "'quote': 'Ariane 5'", "'origin': 'suggested'", "'not_useful'")
    expect_stored(page, "'suggestion_id': 's0', 'accepted': True")
    rows(page).nth(1).locator(".reject").click()
    expect_stored(page, "'suggestion_id': 's1', 'accepted': False")
    expect(page.locator(".hint")).to_have_count(0)
    expect(rows(page).locator(".origin")).to_have_text("suggested")


@pytest.mark.full
def test_a_submitted_sheet_is_read_only(view):
    page = view("readonly")
    expect(page.locator(".mv-status")).to_have_text("Read only")
    focus_text(page)
    press(page, "Shift+ArrowRight", "1", "s")
    expect(page.locator(".mv-submit")).to_be_disabled()
    expect(page.locator("[data-testid=stText]")).to_have_count(0)


@pytest.mark.full
def test_submitting_by_key_without_a_mark_asks_for_confirmation(view):
    page = view("plain")
    focus_text(page)
    press(page, "s")
    expect(page.locator(".mv-submit")).to_contain_text("Again to confirm")
    expect(page.locator("[data-testid=stText]")).to_have_count(0)
    press(page, "s")
    expect_stored(page, "'nothing_wrong': True")


@pytest.mark.full
def test_no_key_reaches_streamlit_and_every_key_is_listed(view):
    page = view()
    page.evaluate("document.addEventListener('keydown', (e) => (window.heard ??= []).push(e.key))")
    focus_text(page)
    press(page, "c", "r", "w", "z", "n", "ArrowDown", "?")
    keys = page.locator(".mv-keys")
    expect(keys).to_be_visible()
    listed = keys.locator("kbd").all_inner_texts()
    assert {"s", "k", "f", "n", "p", "a", "x", "w", "z", "[", "]", "{", "}", "Del"} <= set(listed)
    press(page, "Escape")
    expect(keys).to_be_hidden()
    assert page.evaluate("window.heard ?? []") == []


@pytest.mark.full
def test_three_thousand_words_can_be_marked(view):
    page = view("long")
    drag(page, "word10 ", "word60 ")
    for key in ("1", "}", "Escape"):
        page.keyboard.press(key)
    expect(page.locator(".mv-list li")).to_have_count(1)
    expect_saved(page)


@pytest.mark.full
def test_every_event_contains_its_base_version_and_the_active_time(view):
    page = view("silent")
    focus_text(page)
    press(page, "Shift+ArrowRight", "1", "2", "Delete")
    events = page.evaluate("JSON.parse(sessionStorage.getItem(sessionStorage.key(0)))")
    assert [event["kind"] for event in events] == ["put_mark", "put_mark", "delete_mark"]
    assert [event["base"] for event in events] == [0, 1, 2]
    assert len({event["event_id"] for event in events}) == 3
    assert 0 < events[0]["active_ms"] < 60_000


@pytest.mark.full
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colors_follow_the_theme(browser, address, scheme):
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1360, "height": 900})
    page.goto(f"{address}/?case=marked&run={next(_runs)}")
    page.wait_for_selector(".mv[data-ready]")
    assert page.locator(".mv").get_attribute("data-theme") == scheme
    page.close()


@pytest.mark.full
def test_a_label_without_a_selection_says_on_screen_what_to_do(view):
    page = view()
    # `force`: the button says that it is disabled, but a press is answered.
    page.locator(".mv-labels button").first.click(force=True)
    for place in (".mv-status", ".mv-live"):
        expect(page.locator(place)).to_have_text("Select words first")
    expect(rows(page)).to_have_count(0)
