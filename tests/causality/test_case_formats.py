"""Exports of the paper's table: complete, in order, with texts escaped."""

import json
import re
from html.parser import HTMLParser

from example_counterfactuals import INSTANCES, ROWS, case
from hypothesis import given
from hypothesis import strategies as st

from itlim.causality.rephrasing.formats import case_to_html, case_to_json, case_to_markdown
from itlim.causality.rephrasing.table import case_document
from itlim.text.markdown import JOINER, lines_as_markdown, with_visible_controls

DOCUMENT = case_document(case(), ROWS, INSTANCES)
ORDER = [
    "Instruction",
    "Response of demo-sft",
    "IT instruction 1",
    "IT response 1",
    "Causality",
    "CF. instruction 1",
    "CF. response 1",
    "CF. instruction 2",
    "CF. response 2",
    "CF. instruction 3",
    "CF. response 3 of demo-lft",
    "Other IT instruction 1",
    "Other IT response 1",
    "Other IT instance 2",
]


class Page(HTMLParser):
    """Tags and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.texts: list[str] = []
        self.marked: list[tuple[str, str]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._open.append((tag, dict(attrs).get("class", "")))

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        tags = [tag for tag, _ in self._open]
        if "th" in tags:
            self.names.append(data)
        self.texts.append(data)
        if self._open and self._open[-1][0] == "mark":
            self.marked.append((self._open[-1][1], data))


def test_json_contains_the_document():
    assert json.loads(case_to_json(DOCUMENT)) == json.loads(json.dumps(DOCUMENT))


def test_html_has_the_rows_of_the_papers_tables_in_order():
    assert Page(case_to_html(DOCUMENT)).names == ORDER


def test_html_marks_the_phrase_its_source_and_its_recurrences():
    page = Page(case_to_html(DOCUMENT))
    assert ("wrong", case().quote.replace("\r\n", "\n")) in [
        (kind, text.replace("\r\n", "\n")) for kind, text in page.marked
    ]
    assert ("source", "Jim Henson") in page.marked
    assert page.marked.count(("recurs", "Jim Hensen")) == 2


def test_html_escapes_tags_in_texts():
    text = case_to_html(DOCUMENT)
    assert "<b>" not in text
    assert "Who made <it>?" in "".join(Page(text).texts)


def test_markdown_has_one_line_per_row_with_two_cells():
    lines = case_to_markdown(DOCUMENT).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert [re.match(r"\| \*\*(.+?)\*\* \|", line)[1] for line in table[2:]] == ORDER
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {3}


@given(st.text(max_size=40))
def test_an_escaped_text_is_on_one_line_and_keeps_every_letter(text):
    plain = with_visible_controls(text).replace(JOINER, "")
    shown = lines_as_markdown(text).replace(JOINER, "")
    assert len(shown.splitlines()) <= 1 or not text.strip()
    back = re.sub(r"\\(.)", r"\1", shown.replace("<br>", "\n"))
    assert "".join(back.split()) == "".join(plain.split())


HOSTILE = (
    "\u202edetrever\x1b[31m <b>![zq](https://evil.example/a) www.evil.example :material/x: "
    "http://a.example"
)


def hostile_document():
    document = json.loads(json.dumps(DOCUMENT))
    document["case"] |= {"pair": HOSTILE, "instruction": HOSTILE, "causality": HOSTILE}
    document["case"] |= {"response": HOSTILE, "span": [3, 9]}
    for one in document["counterfactuals"]:
        one |= {"pair": HOSTILE, "instruction": HOSTILE, "response": HOSTILE, "mark": HOSTILE}
        one["span_recurs"] |= {"span": None}
    return document


def test_html_isolates_every_text_from_what_stands_beside_it():
    text = case_to_html(hostile_document())
    assert "\x1b" not in text
    assert "<b>" not in text
    cells = re.findall("<td>(.*?)</td>", text, re.DOTALL)
    noted = [cell for cell in cells if "<small>" in cell]
    assert noted
    for cell in cells:
        assert not re.search("[\u202a-\u202e]", re.sub("<bdi>.*?</bdi>", "", cell, flags=re.DOTALL))


def test_markdown_shows_controls_and_makes_no_link_image_or_icon():
    text = case_to_markdown(hostile_document())
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x1b]", text)
    assert "⟨U+202E⟩" in text
    assert not re.search(r"(?<!\\)\[zq|www\.|http://|https://|:material/", text)
