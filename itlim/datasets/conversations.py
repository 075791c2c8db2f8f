"""Convert conversations to instances: one per assistant turn, with the preceding messages.

The last user message before the turn is the instruction. All other preceding messages, including
the system message, form the `input`, one paragraph per message:

    System: You are terse.

    User: Name a river.

    Assistant: The Nile.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from itlim.datasets.instances import Fields
from itlim.datasets.messages import Message
from itlim.datasets.speakers import ASSISTANT, TOOL_CALL, USER
from itlim.datasets.values import is_filled

CALLS_BESIDE_TEXT = "a response is the text of its turn without the tool calls beside it"
UNANSWERED = "a conversation ends with a message that no assistant turn answers"


def turns(
    messages: Sequence[Message], column: str, extra: dict[str, Any], first_answer: int = 0
) -> Iterator[Fields | str]:
    """Yield one instance per assistant turn, or the reason why it cannot be used.

    A message that cannot be read leaves out itself and all later turns, whose inputs would lack it.
    If there are several turns, `extra` contains the number of the `turn` and of all `turns`.

    Args:
        messages: the conversation, with the system text and the history beside it.
        column: its column, for reasons.
        extra: further fields of the row.
        first_answer: 0-based position of the first message that may be a response.
    """
    places = range(first_answer, len(messages))
    answers = [index for index in places if messages[index].speaker == ASSISTANT]
    faulty = next((index for index, one in enumerate(messages) if one.fault), len(messages))
    usable = [index for index in answers if index < faulty]
    for turn, index in enumerate(usable, start=1):
        place = {"turn": turn, "turns": len(answers)} if len(answers) > 1 else {}
        yield _turn(messages, index, extra | place, turn)
    if faulty < len(messages):
        for _ in range(max(1, len(answers) - len(usable))):
            yield messages[faulty].fault
    elif not answers:
        yield f"{column!r} contains no assistant turn"


def noted(messages: Sequence[Message]) -> tuple[str, ...]:
    """What the instances of a conversation do not contain."""
    found = [
        CALLS_BESIDE_TEXT
        for one in messages
        if one.speaker == ASSISTANT and one.calls and is_filled(one.text)
    ]
    if messages and messages[-1].speaker == USER and is_filled(messages[-1].text):
        found.append(UNANSWERED)
    return tuple(found)


def paragraphs(messages: Sequence[Message]) -> list[str]:
    """One paragraph per message and per tool call."""
    found = []
    for one in messages:
        if one.text or not one.calls:
            found.append(f"{one.speaker}: {one.text}" if one.speaker else one.text)
        found += (f"{TOOL_CALL}: {call}" for call in one.calls)
    return found


def _turn(
    messages: Sequence[Message], index: int, extra: dict[str, Any], turn: int
) -> Fields | str:
    asked = next((i for i in range(index - 1, -1, -1) if messages[i].speaker == USER), None)
    if asked is None:
        return f"assistant turn {turn} comes before any user turn"
    if not is_filled(messages[index].text):
        calls = messages[index].calls
        return f"assistant turn {turn} {'only calls a tool' if calls else 'is empty'}"
    if not is_filled(messages[asked].text):
        return f"the user message before assistant turn {turn} is empty"
    before = [messages[i] for i in range(index) if i != asked]
    return Fields(
        instruction=messages[asked].text,
        input="\n\n".join(paragraphs(before)),
        response=messages[index].text,
        extra=extra,
    )
