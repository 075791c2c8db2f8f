"""What asking a server will cost, before it is asked: an estimate from the length of the texts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from itlim.endpoints.settings import EndpointSettings
from itlim.remedies.chat import Usage
from itlim.remedies.judge_prompt import judge_prompt
from itlim.remedies.judge_quotes import quotes_prompt
from itlim.remedies.judging import Rated
from itlim.remedies.pairwise import Compared, pairwise_prompt
from itlim.text.messages import plural

CHARACTERS_PER_TOKEN = 4
"""Rule of thumb for English; other tokenizers and languages need more tokens."""
RATING_TOKENS = 295
"""Tokens of a reply with ratings: the 800 published GPT-4 ratings of just-eval have 1,182 letters
each on average."""
QUOTES_TOKENS = 80
"""Tokens of two quotes with a reason each; an assumption."""
VERDICT_TOKENS = 60
"""Tokens of one or two sentences and a verdict; an assumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimate:
    """Expected use; answers that are asked again cost more."""

    usage: Usage

    def sentence(self, settings: EndpointSettings) -> str:
        """The estimate in words.

        >>> settings = EndpointSettings(base_url="http://x/v1", model="m")
        >>> CostEstimate(usage=Usage(2, 800, 590)).sentence(settings)
        'About 800 prompt tokens and 590 tokens of replies in 2 requests. Enter both prices to see \
the cost.'
        """
        cost = self.usage.cost(settings)
        priced = (
            "Enter both prices to see the cost." if cost is None else f"Estimated cost: {cost:.3f}."
        )
        return (
            f"About {plural(self.usage.prompt_tokens, 'prompt token')} and "
            f"{plural(self.usage.completion_tokens, 'token')} of replies in "
            f"{plural(self.usage.requests, 'request')}. {priced}"
        )


def text_tokens(text: str) -> int:
    """About how many tokens a text has."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def rating_cost(answers: Sequence[Rated], *, with_quotes: bool = False) -> CostEstimate:
    """The estimate for ratings of some answers, and for quotes of what is wrong in them."""
    prompts = [judge_prompt(one.instruction, one.response) for one in answers]
    found = _estimate(prompts, RATING_TOKENS)
    if not with_quotes:
        return found
    quoting = [quotes_prompt(one.instruction, one.response) for one in answers]
    more = _estimate(quoting, QUOTES_TOKENS).usage
    return CostEstimate(
        usage=Usage(
            found.usage.requests + more.requests,
            found.usage.prompt_tokens + more.prompt_tokens,
            found.usage.completion_tokens + more.completion_tokens,
        )
    )


def preference_cost(comparisons: Sequence[Compared]) -> CostEstimate:
    """The estimate for comparisons, each in both orders."""
    prompts = [
        pairwise_prompt(one.instruction, *texts)
        for one in comparisons
        for texts in ((one.first, one.second), (one.second, one.first))
    ]
    return _estimate(prompts, VERDICT_TOKENS)


def _estimate(prompts: Iterable[str], reply_tokens: int) -> CostEstimate:
    # Equal requests are sent once.
    lengths = list(map(text_tokens, dict.fromkeys(prompts)))
    return CostEstimate(usage=Usage(len(lengths), sum(lengths), reply_tokens * len(lengths)))
