"""Who speaks in a message: the roles of the usual conversation formats."""

from itlim.datasets.columns import normal
from itlim.datasets.values import as_text

USER, ASSISTANT, SYSTEM, TOOL, TOOL_CALL = "User", "Assistant", "System", "Tool", "Tool call"
_ROLES = {
    USER: ("user", "human", "prompter", "usr"),
    ASSISTANT: (
        *("assistant", "chatgpt", "model", "bot", "chatbot", "bing", "bard", "claude", "ai", "llm"),
    ),
    SYSTEM: ("system", "developer", "sys", "systemprompt", "systemmessage"),
    TOOL: (
        "observation",
        "observations",
        "ipython",
        "environment",
        "interpreter",
        "codeinterpreter",
    ),
}
_SPEAKERS = {role: speaker for speaker, roles in _ROLES.items() for role in roles}


def speaker_of(role: object) -> str | None:
    """The speaker that a role names; None if it is unknown.

    >>> speaker_of("GPT-4"), speaker_of("function_call"), speaker_of("referee")
    ('Assistant', 'Tool call', None)
    """
    if isinstance(role, bytes):
        role = as_text(role)
    if not isinstance(role, str):
        return None
    name = normal(role)
    return _SPEAKERS.get(name) or _variant(name)


def _variant(name: str) -> str | None:
    """The speaker of a role with an addition, such as `tool_output_json` or `gpt-3.5-turbo`."""
    if name.startswith("gpt"):
        return ASSISTANT
    if name.startswith(("tool", "function")):
        return TOOL_CALL if name.endswith(("call", "calls")) else TOOL
    return None
