import json
import re

from token_tables import run_row, telescope_table

from itlim.components.tokens.document import html_document
from itlim.components.trace.section import trace_section
from tests.example_traces import example_trace

ATTACK = "</script><script>window.__xss=9</script><img src=x onerror='window.__xss=9'>"


def document(*traces):
    tokens = telescope_table()
    sections = [trace_section(trace, licences={"demo": "CC0"}) for trace in traces]
    return html_document(run_row(tokens), tokens, sections=sections)


def test_the_file_contains_the_candidates_with_their_license():
    text = document(example_trace())
    found = re.search(r'<script type="application/json" id="trace-22-46">(.*?)</script>', text)
    data = json.loads(found.group(1))
    assert data["candidates"][0]["licence"] == "CC0"
    heading = re.search(r"<h2>(.*?)</h2>", text).group(1)
    assert re.sub(r"<[^>]*>|[\u2066-\u2069]", "", heading) == "Trace of “Tony and Maureen Wheeler”"


def test_two_spans_share_one_script_and_the_policy_names_it():
    one, two = example_trace(), example_trace(quote="was founded by")
    text = document(one, two)
    assert text.count("class TraceView") == 1
    assert text.count("data-trace=") == 2
    policy = re.search(r'script-src ([^;"]+)', text).group(1)
    assert policy.count("sha256-") == 2


def test_words_of_a_dataset_cannot_leave_their_element():
    row = {"instruction": ATTACK, "output": f"plugh xyzzy {ATTACK}"}
    text = document(example_trace(f"{ATTACK} plugh xyzzy", "plugh xyzzy", rows=[row]))
    assert "<img" not in text
    assert "<script>window" not in text
