import re

from example_runs import example_response
from example_traces import example_trace

from itlim.components.tokens.response_document import response_document
from itlim.components.trace.section import trace_section
from itlim.records import NO_MEASURES


def test_the_file_contains_the_texts_escaped_and_says_what_is_missing():
    run = example_response(pair="<i>tern", input="In one word & no more.")
    document = response_document(run)
    assert "👩‍🚀 &lt;b&gt;café&lt;/b&gt;" in document
    assert "Answer from <b>&lt;i&gt;tern</b>" in document
    assert "In one word &amp; no more." in document
    assert f"<title>{run.instruction}</title>" in document
    assert NO_MEASURES in document
    assert "itlim-data" not in document


def test_the_file_runs_only_the_scripts_of_its_sections():
    run = example_response()
    assert "<script" not in response_document(run)
    section = trace_section(example_trace(run.response), title="Tern")
    document = response_document(run, sections=[section])
    assert document.count("<script>") == 1
    assert "demo-156" in document
    assert not re.search(r"""(src|href)\s*=\s*["']?\s*(https?:)?//""", document)
