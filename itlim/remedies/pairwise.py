"""Which of two responses a judge prefers, asked in both orders.

Judges prefer the first or the last response whatever it says (Zheng et al. 2023, "Judging
LLM-as-a-Judge"). So a preference counts only if both orders agree on it; otherwise it is a tie.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from itlim.endpoints.settings import EndpointSettings
from itlim.errors import EndpointError
from itlim.progress import Cancelled, StepProgress
from itlim.records.ratings import Preference
from itlim.remedies.chat import ChatRequest, Reply, Usage
from itlim.remedies.kept_replies import KeptReplies, ask_kept

PROMPT_VERSION = "itlim-pairwise/1"
_PROMPT = (
    "Two assistants answered the same instruction. Decide which answer is better: more helpful, "
    "more factual and clearer. The order of the answers must not matter, and longer is not better.",
    "\n\n## Instruction\n",
    "\n\n## Answer A\n",
    "\n\n## Answer B\n",
    "\n\nGive a reason in one or two sentences. End with one line: `Better: A`, `Better: B` or "
    "`Better: tie`.",
)
_VERDICT = re.compile(r"better\W+(a|b|tie)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two responses to one instruction."""

    name: str
    """Id of the comparison."""
    instruction: str
    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the judge said in both orders."""

    name: str
    preference: Preference | None
    """None if one of the answers could not be read."""
    in_order: Preference | None
    """With the first response shown first."""
    reversed: Preference | None
    """With the second response shown first, translated back."""
    raw: tuple[str | None, str | None]
    problem: str = ""

    @property
    def is_consistent(self) -> bool:
        """Whether both orders gave the same verdict."""
        return self.in_order is not None and self.in_order == self.reversed


def compare_responses(
    settings: EndpointSettings,
    compared: Sequence[Compared],
    kept: KeptReplies,
    *,
    progress: StepProgress | None = None,
    cancelled: Cancelled = lambda: False,
    usage: Usage | None = None,
) -> tuple[list[Verdict], Usage]:
    """Ask for a preference in both orders; `usage` receives the tokens of each reply.

    Kept replies are not asked again, except those without a verdict.

    Raises:
        CancelledError: `cancelled` returned True; replies up to then are kept.
        EndpointSetupError: key, address or model is wrong.
    """
    requests = [
        _request(one.instruction, *texts)
        for one in compared
        for texts in ((one.first, one.second), (one.second, one.first))
    ]
    kept.forget_unusable(settings, requests, lambda reply: parse_preference(reply.text) is not None)
    replies, used = ask_kept(
        settings, requests, kept, progress=progress, cancelled=cancelled, usage=usage
    )
    pairs = zip(replies[::2], replies[1::2], strict=True)
    return [_verdict(one.name, *both) for one, both in zip(compared, pairs, strict=True)], used


def parse_preference(text: str) -> Preference | None:
    """The last verdict of an answer; None if there is none.

    >>> parse_preference("Both err, B less. Better: B").value
    'second'
    """
    found = _VERDICT.findall(text)
    if not found:
        return None
    last = found[-1].lower()
    return {"a": Preference.FIRST, "b": Preference.SECOND, "tie": Preference.TIE}[last]


def pairwise_prompt(instruction: str, first: str, second: str) -> str:
    """The prompt that shows two responses in this order."""
    head, asked, a, b, tail = _PROMPT
    return head + asked + instruction + a + first + b + second + tail


def _request(instruction: str, first: str, second: str) -> ChatRequest:
    text = pairwise_prompt(instruction, first, second)
    return ChatRequest(messages=(("user", text),), options={"temperature": 0.0})


def _verdict(name: str, shown: Reply | EndpointError, swapped: Reply | EndpointError) -> Verdict:
    texts, problems = [], []
    for reply in (shown, swapped):
        texts.append(reply.text if isinstance(reply, Reply) else None)
        if isinstance(reply, EndpointError):
            problems.append(str(reply))
    in_order, back = (None if text is None else parse_preference(text) for text in texts)
    if back is not Preference.TIE and back is not None:
        back = Preference.FIRST if back is Preference.SECOND else Preference.SECOND
    if not problems and None in (in_order, back):
        problems.append("an answer does not say which response is better")
    preference = None
    if in_order is not None and back is not None:
        preference = in_order if in_order == back else Preference.TIE
    return Verdict(
        name=name,
        preference=preference,
        in_order=in_order,
        reversed=back,
        raw=(texts[0], texts[1]),
        problem="; ".join(problems),
    )
