"""The colored text of a remote run is escaped, and unknown categories have a line of their own."""

import re
from html import unescape

from example_remote import remote_run, remote_token

from itlim.components.tokens.remote_text import remote_html

HOSTILE = '<img src=x onerror="alert(1)">'


def test_texts_are_escaped_and_joined_as_they_are():
    rows = [remote_token(0, HOSTILE, "shifted"), remote_token(1, "\n two", None)]
    html = remote_html(remote_run(rows), "dark")
    assert "<img" not in html
    shown = unescape(re.sub(r"<[^>]*>", "", html.split("line-height: 1.7")[1].split(">", 1)[1]))
    assert shown == f"{HOSTILE}\n two"


def test_a_title_names_a_bound_and_ties():
    html = unescape(remote_html(remote_run([remote_token(0, "a", None)]), "light"))
    assert "unknown · base probability 0.25, tuned 0.5 · base rank 7 (up to ties)" in html
    assert "KL(tuned ‖ base) at least 0.125 nats" in html


def test_the_end_of_a_sequence_is_not_drawn():
    html = remote_html(
        remote_run(
            [remote_token(0, "a", "unshifted"), remote_token(1, "</s>", "shifted", is_eos=True)]
        ),
        "light",
    )
    assert "</s>" not in html
    assert "&lt;/s&gt;" not in html
