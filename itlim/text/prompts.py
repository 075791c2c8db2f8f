"""Prompt templates: instruction and input in, prompt text and ids out.

Both models of a pair receive identical ids. A pair's template is the name of a shipped
template, `chat` for the tokenizer's own, or a user's `PromptTemplate`.
"""

from dataclasses import replace
from typing import Any, Protocol

from itlim.errors import InputError
from itlim.records import Prompt, PromptTemplate
from itlim.text.messages import reason_of


class PromptTokenizer(Protocol):
    """The part of a Hugging Face tokenizer that rendering a prompt uses."""

    chat_template: Any

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]: ...

    def apply_chat_template(self, conversation: Any, **options: Any) -> Any: ...


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
    """Look up a shipped template; `chat` is not one of them (see `render_prompt`)."""
    if name not in TEMPLATES:
        raise InputError(
            f"Unknown prompt template {name!r}: expected one of {', '.join(TEMPLATE_NAMES)}."
        )
    return TEMPLATES[name]


def resolve_template(template: str | PromptTemplate) -> PromptTemplate | None:
    """The template itself, or None for the tokenizer's own chat template."""
    if isinstance(template, PromptTemplate):
        return template
    return None if template == CHAT else template_named(template)


def same_template(left: str | PromptTemplate, right: str | PromptTemplate) -> bool:
    """Whether two templates render every prompt alike; names and sources may differ."""
    first, second = resolve_template(left), resolve_template(right)
    if first is None or second is None:
        return first is second
    return replace(first, name="", source="") == replace(second, name="", source="")


def response_prefix(template: str | PromptTemplate) -> str:
    """Text that training inserts between prompt and response; also added to a pasted response."""
    spec = resolve_template(template)
    return spec.response_prefix if spec else ""


def asked_text(instruction: str, given: str) -> str:
    """What a response answers, as one text: the instruction, and its input on a new line.

    Tracing needs both, since a response may repeat words of either.

    >>> asked_text("Translate it.", "Bonjour")
    'Translate it.\\nBonjour'
    """
    return f"{instruction}\n{given}" if given else instruction


def render_prompt(
    tokenizer: PromptTokenizer, template: str | PromptTemplate, instruction: str, input: str = ""
) -> Prompt:
    """Render and tokenize one prompt.

    Raises:
        InputError: the template is unknown; or `chat` was given and the tokenizer has no such
            template, or its template fails or leaves out the instruction.
    """
    spec = resolve_template(template)
    if spec is not None:
        text = spec.render(instruction, input)
        ids = tokenizer.encode(text, add_special_tokens=spec.adds_special_tokens)
        return Prompt(text=text, token_ids=tuple(ids))
    text = _chat_text(tokenizer, instruction, input)
    # The chat template writes its own start token.
    return Prompt(text=text, token_ids=tuple(tokenizer.encode(text, add_special_tokens=False)))


def _chat_text(tokenizer: PromptTokenizer, instruction: str, input: str) -> str:
    """The prompt in the tokenizer's own chat template."""
    template = tokenizer.chat_template
    instead = f"choose one of {', '.join(TEMPLATES)} instead"
    if not template:
        raise InputError(f"The tokenizer has no chat template of its own: {instead}.")
    if not isinstance(template, (str, dict)):
        raise InputError(
            f"The tokenizer's chat template is a {type(template).__name__} instead of text: "
            f"correct it, or {instead}."
        )
    if isinstance(template, dict) and "default" not in template:
        raise InputError(
            f"The tokenizer's chat templates are named {', '.join(template)}, and none is named "
            f'"default": name one so in tokenizer_config.json, or {instead}.'
        )
    content = f"{instruction}\n{input}" if input else instruction
    fault = "it leaves out the instruction."
    # Templates of models that also read images may take only a list of parts.
    for form in (content, [{"type": "text", "text": content}]):
        try:
            text = tokenizer.apply_chat_template(
                [{"role": "user", "content": form}], tokenize=False, add_generation_prompt=True
            )
        # A template is a program: it may fail in any way.
        except Exception as error:  # noqa: BLE001
            fault = reason_of(error) if form is content else fault
            continue
        if isinstance(text, str) and _includes(text, content):
            return text
    raise InputError(
        f"The tokenizer's chat template cannot be used: {fault} Correct the template, or {instead}."
    )


def _includes(text: str, content: str) -> bool:
    """Whether any word of the content is in the prompt; templates may trim or change the case."""
    return any(word in text.lower() for word in content.lower().split())
