"""Prompt templates: instruction and input in, prompt text and ids out.

Both models of a pair get the identical ids. A template is text with
`{instruction}`, `{input}`; `chat` asks the tokenizer for its own.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from itlim.errors import InputError
from itlim.records import Prompt


class PromptTokenizer(Protocol):
    """The part of a Hugging Face tokenizer that prompts need."""

    chat_template: Any

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]: ...

    def apply_chat_template(self, conversation: Any, **options: Any) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTemplate:
    """How an instruction becomes a prompt, and who says so."""

    name: str
    without_input: str
    with_input: str
    source: str
    adds_special_tokens: bool = True
    """Whether the tokenizer adds its own start token to the rendered text."""
    response_prefix: str = ""
    """Text between prompt and response that training puts before the response."""

    def render(self, instruction: str, input: str = "") -> str:
        """Fill the template.

        >>> TEMPLATES["plain"].render("Name a river.")
        'Question: Name a river.\\nAnswer:'
        """
        text = self.with_input if input else self.without_input
        # Not str.format: braces that the user typed must stay as they are.
        head, _, tail = text.partition("{instruction}")
        return head.replace("{input}", input) + instruction + tail.replace("{input}", input)


_ALPACA_HEAD = "Below is an instruction that describes a task"
CHAT = "chat"

TEMPLATES: dict[str, PromptTemplate] = {
    template.name: template
    for template in (
        PromptTemplate(
            name="plain",
            without_input="Question: {instruction}\nAnswer:",
            with_input="Question: {instruction}\n{input}\nAnswer:",
            source="itlim; for models that saw no template",
            response_prefix=" ",
        ),
        PromptTemplate(
            name="alpaca",
            without_input=_ALPACA_HEAD + ". Write a response that appropriately completes the "
            "request.\n\n### Instruction:\n{instruction}\n\n### Response:\n",
            with_input=_ALPACA_HEAD + ", paired with an input that provides further context. "
            "Write a response that appropriately completes the request.\n\n"
            "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n",
            source="tatsu-lab/stanford_alpaca, train.py",
        ),
        PromptTemplate(
            name="alpaca-short",
            without_input="### Instruction:\n{instruction}\n\n### Response:\n",
            with_input="### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n",
            source="alpaca without its opening sentence, for short contexts (the demo family)",
        ),
        PromptTemplate(
            name="dolly",
            without_input=_ALPACA_HEAD + ". Write a response that appropriately completes the "
            "request.\n\n### Instruction:\n{instruction}\n\n### Response:\n",
            with_input=_ALPACA_HEAD + ". Write a response that appropriately completes the "
            "request.\n\n### Instruction:\n{instruction}\n\nInput:\n{input}\n\n### Response:\n",
            source="databrickslabs/dolly, training/consts.py",
        ),
        PromptTemplate(
            name="tulu",
            without_input="<|user|>\n{instruction}\n<|assistant|>\n",
            with_input="<|user|>\n{instruction}\n{input}\n<|assistant|>\n",
            source="allenai/open-instruct, Tulu 2",
        ),
        PromptTemplate(
            name="llama-2",
            without_input="[INST] {instruction} [/INST]",
            with_input="[INST] {instruction}\n{input} [/INST]",
            source="meta-llama/llama, generation.py (no system prompt)",
            response_prefix=" ",
        ),
        PromptTemplate(
            name="chatml",
            without_input="<|im_start|>user\n{instruction}<|im_end|>\n<|im_start|>assistant\n",
            with_input="<|im_start|>user\n{instruction}\n{input}<|im_end|>\n"
            "<|im_start|>assistant\n",
            source="openai/openai-python, chatml.md; Qwen",
            adds_special_tokens=False,
        ),
        PromptTemplate(
            name="vicuna",
            without_input="A chat between a curious user and an artificial intelligence "
            "assistant. The assistant gives helpful, detailed, and polite answers to the user's "
            "questions. USER: {instruction} ASSISTANT:",
            with_input="A chat between a curious user and an artificial intelligence assistant. "
            "The assistant gives helpful, detailed, and polite answers to the user's questions. "
            "USER: {instruction}\n{input} ASSISTANT:",
            source="lm-sys/FastChat, conversation.py, vicuna_v1.1",
            response_prefix=" ",
        ),
    )
}
TEMPLATE_NAMES: tuple[str, ...] = (*TEMPLATES, CHAT)


def template_named(name: str) -> PromptTemplate:
    """Look a template up; `chat` is not one of these (see `render_prompt`)."""
    if name not in TEMPLATES:
        raise InputError(
            f"Unknown prompt template {name!r}: expected one of {', '.join(TEMPLATE_NAMES)}."
        )
    return TEMPLATES[name]


def response_prefix(template: str) -> str:
    """What training puts between the prompt and a response, and a pasted response gets."""
    return "" if template == CHAT else template_named(template).response_prefix


def render_prompt(
    tokenizer: PromptTokenizer, template: str, instruction: str, input: str = ""
) -> Prompt:
    """Render and tokenize one prompt.

    Raises:
        InputError: unknown template, or `chat` for a tokenizer without one.
    """
    if template != CHAT:
        spec = template_named(template)
        text = spec.render(instruction, input)
        ids = tokenizer.encode(text, add_special_tokens=spec.adds_special_tokens)
        return Prompt(text=text, token_ids=tuple(ids))
    if not tokenizer.chat_template:
        raise InputError(
            "The tokenizer has no chat template of its own: choose one of "
            f"{', '.join(TEMPLATES)} instead."
        )
    content = f"{instruction}\n{input}" if input else instruction
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    # The chat template writes its own start token.
    return Prompt(text=text, token_ids=tuple(tokenizer.encode(text, add_special_tokens=False)))
