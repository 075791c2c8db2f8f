"""Templates match their sources exactly, and user text is inserted unchanged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import EOS, byte_level_tokenizer

from itlim.errors import InputError
from itlim.records import PromptTemplate
from itlim.text.prompts import (
    CHAT,
    TEMPLATE_NAMES,
    TEMPLATES,
    render_prompt,
    response_prefix,
    template_named,
)

TOKENIZER = byte_level_tokenizer()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", "Question: Name a river.\nAnswer:"),
        (
            "alpaca",
            "Below is an instruction that describes a task. Write a response that appropriately "
            "completes the request.\n\n### Instruction:\nName a river.\n\n### Response:\n",
        ),
        ("tulu", "<|user|>\nName a river.\n<|assistant|>\n"),
        ("llama-2", "[INST] Name a river. [/INST]"),
        ("chatml", "<|im_start|>user\nName a river.<|im_end|>\n<|im_start|>assistant\n"),
    ],
)
def test_templates_without_input_match_their_sources(name, expected):
    assert TEMPLATES[name].render("Name a river.") == expected


def test_vicuna_ends_with_the_marker_of_the_assistant():
    assert TEMPLATES["vicuna"].render("Hi").endswith(" USER: Hi ASSISTANT:")


def test_alpaca_with_input_has_another_opening_and_an_input_section():
    text = TEMPLATES["alpaca"].render("Translate.", "Guten Tag")
    assert "paired with an input that provides further context" in text
    assert "### Instruction:\nTranslate.\n\n### Input:\nGuten Tag\n\n### Response:\n" in text
    assert "### Input" not in TEMPLATES["alpaca"].render("Translate.")


@given(
    name=st.sampled_from(sorted(TEMPLATES)),
    instruction=st.text(min_size=1),
    input=st.text(),
)
def test_the_prompt_contains_instruction_and_input_unchanged(name, instruction, input):
    template = TEMPLATES[name]
    text = template.render(instruction, input)
    frame = template.with_input if input else template.without_input
    assert instruction in text
    assert input in text
    fixed = len(frame.replace("{instruction}", "").replace("{input}", ""))
    assert len(text) == fixed + len(instruction) + len(input)


def test_braces_and_placeholders_in_user_text_are_kept():
    text = TEMPLATES["plain"].render("What is {input}?", "{instruction}")
    assert text == "Question: What is {input}?\n{instruction}\nAnswer:"


def test_every_template_names_its_source_and_contains_the_instruction_once():
    for name, template in TEMPLATES.items():
        assert template.name == name
        assert template.source
        for text in (template.without_input, template.with_input):
            assert text.count("{instruction}") == 1
        assert template.with_input.count("{input}") == 1
    assert {*TEMPLATES, CHAT} == set(TEMPLATE_NAMES)


def test_an_unknown_template_is_rejected_with_the_known_ones():
    with pytest.raises(InputError, match="expected one of plain, alpaca"):
        template_named("alpacca")


def test_ids_decode_to_the_rendered_text():
    prompt = render_prompt(TOKENIZER, "plain", "Name a river.")
    assert TOKENIZER.decode(prompt.token_ids) == prompt.text


def test_chat_uses_the_template_of_the_tokenizer():
    tokenizer = byte_level_tokenizer()
    with pytest.raises(InputError, match="no chat template of its own"):
        render_prompt(tokenizer, CHAT, "Hi")
    tokenizer.chat_template = (
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}"
        "{% if add_generation_prompt %}<answer>{% endif %}"
    )
    prompt = render_prompt(tokenizer, CHAT, "Hi", "there")
    assert prompt.text == f"<user>Hi\nthere{EOS}<answer>"
    # The marker is encoded as a special token and not as its letters.
    assert tokenizer.eos_token_id in prompt.token_ids
    assert response_prefix(CHAT) == ""


def test_a_user_defined_template_is_used_unchanged():
    own = PromptTemplate(
        name="qa", without_input="Q: {instruction} A:", with_input="", response_prefix=" "
    )
    assert render_prompt(TOKENIZER, own, "Why?").text == "Q: Why? A:"
    assert response_prefix(own) == " "


class RecordingTokenizer:
    """Records whether special tokens were requested."""

    chat_template = None

    def __init__(self):
        self.requests = []

    def encode(self, text, *, add_special_tokens):
        self.requests.append(add_special_tokens)
        return [1]


def test_templates_with_their_own_start_token_do_not_add_another():
    tokenizer = RecordingTokenizer()
    for name in ("alpaca", "chatml"):
        render_prompt(tokenizer, name, "Hi")
    assert tokenizer.requests == [True, False]
