"""Layers: each mark is drawn below its words, and typed text is never markup."""

import re
from html import unescape

from example_studies import item
from hypothesis import given
from hypothesis import strategies as st

from itlim.components.marking.layers import layers_html
from itlim.records import Mark

DOG = item()


def mark(start, stop, text=DOG.text, label="not_factual"):
    return Mark(id=f"{start}", start=start, stop=stop, quote=text[start:stop], label=label)


def test_overlapping_marks_are_split_at_every_edge_and_name_both():
    found = layers_html("abcdef", {"ann": [mark(0, 4, "abcdef")], "bea": [mark(2, 6, "abcdef")]})
    pieces = re.findall(r"title='([^']*)'[^>]*>([^<]*)</span>", found)
    assert pieces == [
        ("ann: not_factual", "ab"),
        ("ann: not_factual; bea: not_factual", "cd"),
        ("bea: not_factual", "ef"),
    ]


def test_names_and_texts_are_escaped():
    found = layers_html("<b>'bold'</b>", {"<i>'x'": [mark(0, 3, "<b>'bold'</b>", label="'y'")]})
    assert "<b>" not in found
    assert "<i>" not in found
    assert "title='&lt;i&gt;&#x27;x&#x27;: &#x27;y&#x27;'" in found


@given(st.text(min_size=1), st.data())
def test_the_whole_text_is_kept_in_order(text, data):
    edges = st.tuples(st.integers(0, len(text) - 1), st.integers(1, len(text)))
    drawn = data.draw(st.lists(edges, max_size=4))
    marks = [mark(a, b, text) for a, b in drawn if a < b]
    body = layers_html(text, {"ann": marks}).partition("</div>")[2]
    assert unescape(re.sub(r"<[^>]*>", "", body)) == text
