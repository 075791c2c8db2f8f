"""Two people annotate the same answers in the browser; agreement and exports are correct."""

import os
import re
import subprocess
import sys

import krippendorff
import pytest
from annotating import (
    SLOW,
    enter_name,
    expect_saved,
    import_study,
    next_item,
    press_until,
    say_name,
    sit_down,
    tab_to,
    text_of,
    wait_until_done,
    wait_until_open,
)
from marking_gestures import drag, focus_text, press, quotes, rows
from playwright.sync_api import Page, expect
from servers import ROOT, streamlit_server, warm_up

from itlim.annotation.exchange import SUFFIXES, ExchangeFormat
from itlim.store.connection import Store

pytestmark = [pytest.mark.browser, pytest.mark.full]
EMOJI = "🐶 Smallest dog: 👩‍👩‍👧 says the Cheshire Cat."
HEBREW = "שלום עולם is Hebrew, 🇩🇪 is a flag."
TITLES = {
    ExchangeFormat.ITLIM_JSONL: "itlim JSONL",
    ExchangeFormat.PARQUET: "Parquet",
    ExchangeFormat.CSV: "CSV",
    ExchangeFormat.LABEL_STUDIO: "Label Studio",
    ExchangeFormat.DOCCANO: "doccano",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    for name, texts in (("dogs", [EMOJI, HEBREW]), ("cats", [EMOJI]), ("birds", [EMOJI])):
        import_study(folder / "test.duckdb", folder / f"{name}.duckdb", name, texts)
    return folder


@pytest.fixture(scope="module")
def app(home):
    with streamlit_server(ROOT / "app.py", home, ITLIM_HOME=str(home)) as address:
        warm_up(address)
        yield address


def mark_by_mouse(page: Page) -> None:
    """Ann marks the cat by dragging, and submits the other text as having nothing wrong."""
    if "Smallest" in text_of(page):
        drag(page, "eshire", "Cat")
        press(page, "1")
        expect(rows(page)).to_have_count(1)
        assert quotes(page) == ["Cheshire Cat"]
        expect_saved(page)
    page.locator(".mv-submit").click()
    wait_until_done(page)


def mark_by_keys(page: Page) -> None:
    """Bea marks the cat with keys alone, with one more word on each side."""
    tab_to(page, ".mv-text")
    if "Smallest" in text_of(page):
        press(page, "End", *["Shift+ArrowLeft"] * 4, "1")  # the period counts as a word
        expect(rows(page)).to_have_count(1)
        expect_saved(page)
    else:
        press(page, "s")  # asks for confirmation, because nothing is marked
        expect(page.locator(".mv-submit")).to_contain_text("Again to confirm")
    press(page, "s")
    wait_until_done(page)


@pytest.fixture(scope="module")
def marked(app, context):
    """The app after two people, each in their own tab, have submitted both texts."""
    ann, bea = context.new_page(), context.new_page()
    sit_down(ann, app, "dogs", "ann")
    mark_by_mouse(ann)
    next_item(ann).click()
    wait_until_open(ann)
    mark_by_mouse(ann)
    next_item(ann).click()
    expect(ann.get_by_text("You have finished all open batches")).to_be_visible(timeout=SLOW)
    ann.close()
    bea.goto(f"{app}/mark?study=dogs")
    say_name(bea, "bea")
    mark_by_keys(bea)
    press_until(bea, "Control+Enter", gone=next_item(bea))
    wait_until_open(bea)
    mark_by_keys(bea)
    bea.close()
    return app


def adjudicate(page: Page, app: str, tab: str) -> None:
    page.goto(f"{app}/adjudicate?study=dogs")
    enter_name(page, "zoe")
    page.get_by_role("tab", name=tab).click(timeout=SLOW)


def download(page: Page, format: ExchangeFormat, folder) -> os.PathLike:
    with page.expect_download(timeout=SLOW) as got:
        page.get_by_role("button", name=TITLES[format], exact=True).click()
    saved = folder / f"first{SUFFIXES[format]}"
    got.value.save_as(saved)
    return saved


def itlim(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "itlim", *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def alpha_of_the_marks() -> float:
    """Krippendorff's α over words, computed by the `krippendorff` package.

    In the text about the cat Ann marked two words and Bea four; nobody marked the Hebrew text.
    """
    marked = {"ann": {"Cheshire", "Cat"}, "bea": {"the", "Cheshire", "Cat", "."}}
    words = [word for text in (EMOJI, HEBREW) for word in word_pieces(text)]
    last = len(word_pieces(EMOJI))
    ratings = [
        [int(at < last and word in marked[who]) for at, word in enumerate(words)]
        for who in ("ann", "bea")
    ]
    return float(krippendorff.alpha(ratings, level_of_measurement="nominal"))


def word_pieces(text: str) -> list[str]:
    """Split a response without tokens into units, as documented for the file format."""
    return re.findall(r"\w+|[^\w\s]", text)


def test_the_page_shows_the_agreement_of_two_people(marked, page):
    adjudicate(page, marked, "Agreement")
    expect(page.get_by_text("4 submitted sheets")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Krippendorff's α over words")).to_be_visible()
    # The grid is painted on a canvas; next to it is an HTML table for screen readers.
    cells = page.get_by_test_id("stDataFrame").first.locator("td")
    expect(cells.filter(has_text="α over words")).to_have_count(1)
    shown = cells.all_text_contents()
    at = shown.index("α over words")
    assert float(shown[at + 1].split()[0]) == pytest.approx(alpha_of_the_marks(), abs=5e-4)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_adjudication_shows_the_marks_of_each_person(marked, page):
    adjudicate(page, marked, "Spans")
    expect(page.get_by_text(re.compile("ann: “Cheshire Cat"))).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(re.compile("bea: “the Cheshire Cat"))).to_be_visible()


def test_every_exchange_format_can_be_downloaded(marked, page, tmp_path):
    adjudicate(page, marked, "Exchange")
    for format in ExchangeFormat:
        assert download(page, format, tmp_path).stat().st_size > 100, format


@pytest.mark.parametrize("format", [ExchangeFormat.ITLIM_JSONL, ExchangeFormat.PARQUET])
def test_a_downloaded_file_is_unchanged_by_import_into_a_new_database_and_export(
    marked, page, tmp_path, format
):
    adjudicate(page, marked, "Exchange")
    first, second = download(page, format, tmp_path), tmp_path / "second"
    new = tmp_path / "new.duckdb"
    done = itlim("import", first, "--db", new, "--format", format, "--study", "dogs")
    assert done.returncode == 0, done.stderr
    done = itlim("export", "--db", new, "--format", format, "--out", second)
    assert done.returncode == 0, done.stderr
    assert first.read_bytes() == second.read_bytes()
    assert "Cheshire Cat" in first.read_bytes().decode("utf-8", errors="replace")


def test_the_command_line_points_to_the_page_while_the_app_owns_the_database(marked, home):
    done = itlim("agreement", "--db", home / "test.duckdb")
    assert done.returncode == 2
    assert "Adjudicate" in done.stderr
    assert "Agreement" in done.stderr


def test_a_second_tab_on_the_same_item_gets_a_conflict_and_overwrites_nothing(app, page, context):
    other = context.new_page()
    for tab in (page, other):
        sit_down(tab, app, "cats", "ann")
    drag(page, "Smallest", "Smallest")
    press(page, "1")
    expect_saved(page)
    drag(other, "eshire", "Cat")
    press(other, "2")
    banner = other.get_by_role("alert").filter(has_text="changed in another tab")
    expect(banner).to_be_visible(timeout=SLOW)
    expect(other.locator(".mv-submit")).to_be_disabled()
    other.get_by_text("Load latest version").click()
    expect(banner).to_be_hidden(timeout=SLOW)
    expect(other.locator(".mv-submit")).to_be_enabled(timeout=SLOW)  # the latest version is loaded
    assert quotes(other) == ["Smallest"]
    focus_text(other)
    drag(other, "eshire", "Cat")
    press(other, "2")
    expect(rows(other)).to_have_count(2)
    expect_saved(other)
    other.close()
    page.reload()
    say_name(page, "ann")
    assert quotes(page) == ["Smallest", "Cheshire Cat"]


def test_a_reload_keeps_all_marks_and_undo(app, page):
    page.on("dialog", lambda dialog: dialog.accept())
    sit_down(page, app, "birds", "ann")
    for quote, key in (("Smallest", "1"), ("says", "2"), ("dog", "1")):
        drag(page, quote, quote)
        press(page, key, "Escape")
    expect_saved(page)
    page.reload()
    say_name(page, "ann")
    assert quotes(page) == ["Smallest", "dog", "says"]
    focus_text(page)
    press(page, "z")
    expect(rows(page)).to_have_count(2, timeout=SLOW)
    assert quotes(page) == ["Smallest", "says"]
    press(page, "z")
    expect(rows(page)).to_have_count(1, timeout=SLOW)
    press(page, "Shift+Z")
    expect(rows(page)).to_have_count(2, timeout=SLOW)
    expect_saved(page)


def test_stored_versions_have_no_gaps(marked, home, tmp_path):
    """Read from a copy of the database file, because the server owns the original."""
    copy = tmp_path / "copy.duckdb"
    for suffix in ("", ".wal"):
        source = home / f"test.duckdb{suffix}"
        if source.exists():
            (tmp_path / f"copy.duckdb{suffix}").write_bytes(source.read_bytes())
    with Store(copy) as store, store.reading() as cursor:
        rows_found = cursor.execute(
            "SELECT count(*), max(version) FROM annotation_events GROUP BY item_id, annotator, "
            "study_id"
        ).fetchall()
    assert rows_found
    assert all(count == highest for count, highest in rows_found)
