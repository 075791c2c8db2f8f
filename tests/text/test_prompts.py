"""Templates say exactly what their sources say; what a user types stays as typed."""

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
def test_templates_without_input_read_as_their_sources_do(name, expected):
    assert TEMPLATES[name].render("Name a river.") == expected


def test_vicuna_ends_where_the_assistant_begins():
    assert TEMPLATES["vicuna"].render("Hi").endswith(" USER: Hi ASSISTANT:")


def test_alpaca_with_input_has_its_own_opening_and_section():
    text = TEMPLATES["alpaca"].render("Translate.", "Guten Tag")
    assert "paired with an input that provides further context" in text
    assert "### Instruction:\nTranslate.\n\n### Input:\nGuten Tag\n\n### Response:\n" in text
    assert "### Input" not in TEMPLATES["alpaca"].render("Translate.")


@given(
    name=st.sampled_from(sorted(TEMPLATES)),
    instruction=st.text(min_size=1),
    input=st.text(),
)
def test_instruction_and_input_stand_in_the_prompt_as_typed(name, instruction, input):
    template = TEMPLATES[name]
    text = template.render(instruction, input)
    frame = template.with_input if input else template.without_input
    assert instruction in text
    assert input in text
    fixed = len(frame.replace("{instruction}", "").replace("{input}", ""))
    assert len(text) == fixed + len(instruction) + len(input)


def test_braces_and_placeholders_that_a_user_types_stay():
    text = TEMPLATES["plain"].render("What is {input}?", "{instruction}")
    assert text == "Question: What is {input}?\n{instruction}\nAnswer:"


def test_every_template_names_its_source_and_places_the_instruction_once():
    for name, template in TEMPLATES.items():
        assert template.name == name
        assert template.source
        for text in (template.without_input, template.with_input):
            assert text.count("{instruction}") == 1
        assert template.with_input.count("{input}") == 1
    assert {*TEMPLATES, CHAT} == set(TEMPLATE_NAMES)


def test_an_unknown_template_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="expected one of plain, alpaca"):
        template_named("alpacca")


def test_ids_are_those_of_the_rendered_text():
    prompt = render_prompt(TOKENIZER, "plain", "Name a river.")
    assert TOKENIZER.decode(prompt.token_ids) == prompt.text


def test_the_chat_template_is_the_tokenizers_own():
    tokenizer = byte_level_tokenizer()
    with pytest.raises(InputError, match="no chat template of its own"):
        render_prompt(tokenizer, CHAT, "Hi")
    tokenizer.chat_template = (
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}"
        "{% if add_generation_prompt %}<answer>{% endif %}"
    )
    prompt = render_prompt(tokenizer, CHAT, "Hi", "there")
    assert prompt.text == f"<user>Hi\nthere{EOS}<answer>"
    # The markers are the tokens themselves, not their letters.
    assert tokenizer.eos_token_id in prompt.token_ids
    assert response_prefix(CHAT) == ""


def test_a_template_of_ones_own_is_used_as_given():
    own = PromptTemplate(
        name="qa", without_input="Q: {instruction} A:", with_input="", response_prefix=" "
    )
    assert render_prompt(TOKENIZER, own, "Why?").text == "Q: Why? A:"
    assert response_prefix(own) == " "


class CountingTokenizer:
    """Records whether special tokens were asked for."""

    chat_template = None

    def __init__(self):
        self.asked = []

    def encode(self, text, *, add_special_tokens):
        self.asked.append(add_special_tokens)
        return [1]


def test_templates_that_write_their_own_start_add_none():
    tokenizer = CountingTokenizer()
    for name in ("alpaca", "chatml"):
        render_prompt(tokenizer, name, "Hi")
    assert tokenizer.asked == [True, False]
