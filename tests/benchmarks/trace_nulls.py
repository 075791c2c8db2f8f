"""Spans of responses that owe nothing to the dataset: what chance alone scores.

    python -m tests.benchmarks.trace_nulls

No model here was tuned on Dolly, so whatever their words share with it, they share by chance
(or because both repeat the same third text, which a null must contain too). A null is fitted on
`fit` and judged on `test`, which has other models *and* other prompts.
"""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from tests.benchmarks.trace_material import Host, load_hosts
from tests.benchmarks.trace_text import WORD

FIT_MODELS = frozenset(("Llama-2-7b-chat-hf", "vicuna-7b-v1.5", "gpt-3.5-turbo-0301"))
TEST_MODELS = frozenset(("tulu-2-dpo-7b", "Mistral-7B-Instruct-v0.1"))
MAX_WORDS = 60
# Span lengths are drawn evenly from these classes of words, then evenly inside: short spans,
# where chance is hardest to tell from borrowing, must not drown among long ones.
LENGTH_CLASSES = ((1, 1), (2, 2), (3, 3), (4, 5), (6, 8), (9, 13), (14, 20), (21, 32), (33, 60))

Half = Literal["fit", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NullSpan:
    """A stretch of whole words of a response that never saw the dataset."""

    prompt_id: int
    model: str
    instruction: str
    response: str
    span_start: int
    """Code points into the response, half-open."""
    span_stop: int
    n_words: int
    """By the plain words of `trace_text`, hyphens split."""

    @property
    def quote(self) -> str:
        return self.response[self.span_start : self.span_stop]


def null_hosts(hosts: tuple[Host, ...], part: Half) -> list[Host]:
    """The responses that a part draws from, in the order given: nothing is in both parts."""
    models, split = (FIT_MODELS, "dev") if part == "fit" else (TEST_MODELS, "test")
    return [host for host in hosts if host.model in models and host.split == split]


def null_spans(hosts: tuple[Host, ...], part: Half, n: int = 2700) -> list[NullSpan]:
    """n random spans, lengths spread over `LENGTH_CLASSES`; equal calls give equal spans.

    A span lies anywhere in its response, over sentences and lines as a marking hand may.

    Raises:
        ValueError: a length class is longer than every response of this part.
    """
    rng = random.Random(f"null {part}")
    pool = [(host, list(WORD.finditer(host.response))) for host in null_hosts(hosts, part)]
    spans = []
    for number in range(n):
        low, high = LENGTH_CLASSES[number % len(LENGTH_CLASSES)]
        length = rng.randint(low, high)
        long_enough = [(host, found) for host, found in pool if len(found) >= length]
        if not long_enough:
            raise ValueError(
                f"None of the {len(pool)} responses of the {part} part has {length} words."
            )
        host, found = rng.choice(long_enough)
        first = rng.randrange(len(found) - length + 1)
        spans.append(
            NullSpan(
                prompt_id=host.prompt_id,
                model=host.model,
                instruction=host.instruction,
                response=host.response,
                span_start=found[first].start(),
                span_stop=found[first + length - 1].end(),
                n_words=length,
            )
        )
    return spans


def main() -> None:
    hosts = load_hosts()
    for part in ("fit", "test"):
        spans = null_spans(hosts, part)
        print(
            f"{part}: {len(spans)} spans of {len({s.response for s in spans})} responses, "
            f"{dict(Counter(span.model for span in spans))}"
        )
        for span in spans[:9]:
            print(f"  {span.n_words:2d} {span.quote[:90]!r}")


if __name__ == "__main__":
    main()
