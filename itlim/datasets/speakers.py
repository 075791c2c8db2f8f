"""Who speaks in a message: the roles of the usual conversation formats."""

from itlim.datasets.columns import normal
from itlim.datasets.values import as_text

USER, ASSISTANT, SYSTEM, TOOL, TOOL_CALL = "User", "Assistant", "System", "Tool", "Tool call"
_ROLES = {
    USER: ("user", "human", "prompter", "usr"),
    ASSISTANT: (
        *("assistant", "gpt", "chatgpt", "gpt4", "model", "bot", "chatbot", "bing", "bard"),
        *("claude", "ai", "llm"),
    ),
    SYSTEM: ("system", "developer", "sys", "systemprompt", "systemmessage"),
    TOOL: (
        *("tool", "toolresponse", "toolresult", "toolresults", "tooloutput", "observation"),
        *("function", "functionresponse", "functionresult", "functionoutput", "observations"),
        *("ipython", "environment", "interpreter", "codeinterpreter"),
    ),
    TOOL_CALL: ("toolcall", "toolcalls", "functioncall", "functioncalls"),
}
_SPEAKERS = {role: speaker for speaker, roles in _ROLES.items() for role in roles}


def speaker_of(role: object) -> str | None:
    """The speaker that a role names; None if it is unknown.

    >>> speaker_of("GPT"), speaker_of("function_call"), speaker_of("referee")
    ('Assistant', 'Tool call', None)
    """
    if isinstance(role, bytes):
        role = as_text(role)
    return _SPEAKERS.get(normal(role)) if isinstance(role, str) else None
