import json
import re

from token_tables import EDGE_TEXTS, run_row, telescope_table, token_table

from itlim.components.tokens.document import html_document
from itlim.components.tokens.html_page import json_for_script


def embedded(document: str) -> dict:
    found = re.search(
        r'<script type="application/json" id="itlim-data">(.*?)</script>', document, re.S
    )
    return json.loads(found.group(1))


def test_the_file_contains_the_tokens():
    tokens = token_table(EDGE_TEXTS)
    document = html_document(run_row(tokens), tokens)
    assert embedded(document)["texts"] == list(EDGE_TEXTS)


def test_the_file_contains_instruction_prompt_models_and_counts():
    tokens = telescope_table()
    document = html_document(run_row(tokens, prompt="<<SYS>> & you"), tokens)
    assert "Tell me about the James Webb Space Telescope." in document
    assert "&lt;&lt;SYS&gt;&gt; &amp; you" in document
    assert "data/demo/models/sft" in document
    assert f"of n = {len(tokens) - 1} tokens" in document


def test_the_title_can_be_chosen():
    tokens = telescope_table()
    assert "<title>A &lt;b&gt;</title>" in html_document(run_row(tokens), tokens, title="A <b>")


def test_the_file_refers_to_nothing_outside_itself():
    tokens = telescope_table()
    document = html_document(run_row(tokens), tokens)
    assert not re.search(r"""(src|href)\s*=\s*["']?\s*(https?:)?//""", document)
    assert "@import" not in document
    assert "default-src 'none'" in document


def test_model_text_cannot_leave_its_script_element():
    text = "</script><script>alert(1)</script><!--<script>"
    assert "<" not in json_for_script([text])
    assert json.loads(json_for_script([text])) == [text]


def test_thresholds_of_the_run_decide_the_counts():
    tokens = telescope_table()
    document = html_document(run_row(tokens, marginal_above=400, shifted_above=500), tokens)
    assert "shifted: 0 of n" in document
    assert embedded(document)["thresholds"] == {"marginal_above": 400, "shifted_above": 500}


def test_values_of_a_response_without_tokens_are_undefined():
    tokens = telescope_table().slice(0, 0)
    document = html_document(run_row(tokens), tokens)
    assert "undefined" in document


def test_the_names_of_the_models_are_isolated_from_the_words_beside_them():
    tokens = token_table(EDGE_TEXTS)
    style = html_document(run_row(tokens), tokens).split("<style>")[1]
    assert "unicode-bidi: isolate" in style.split(".models b {")[1].split("}")[0]
