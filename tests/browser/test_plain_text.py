"""Typed text is shown as it is, whatever Streamlit's Markdown would make of it."""

from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from itlim.text.markdown import JOINER

pytestmark = pytest.mark.browser
TEXTS = [
    "<b>**x**</b>",
    ":red[hi]",
    ":smile: :material/undo: :+1:",
    "$x^2$ and `code`",
    "a -> b <- c -- d <-> e",
    "# title",
    "- item",
    "1. first",
    "~~gone~~ _under_ [a](b) ![c](d)",
    "a | b & c &amp; \\* \\",
    "Anna Bürger שלום 🐶",
]


def test_names_that_look_like_markdown_are_shown_as_typed(page, serve):
    address = serve("tests/browser/pages_for_tests/plain_text_page.py")
    page.goto(f"{address}?{urlencode([('text', text) for text in TEXTS])}")
    errors = page.get_by_test_id("stAlertContentError")
    expect(errors).to_have_count(len(TEXTS), timeout=60_000)
    assert [text.replace(JOINER, "").strip() for text in errors.all_inner_texts()] == TEXTS
    assert page.get_by_test_id("stHtml").all_inner_texts() == TEXTS
