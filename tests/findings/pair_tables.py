"""Answers of a pair with hand-made tokens: words with a category and a divergence each."""

from collections.abc import Sequence

import pyarrow as pa

from itlim.findings.answers import Answer, MarkedPhrase, PairAnswers

Token = tuple[str, str, float]
"""Text, category and KL in nats."""


def tokens_of(run_id: str, tokens: Sequence[Token]) -> pa.Table:
    """TOKEN_SHIFTS rows with the columns that the findings read."""
    rows, place = [], 0
    for position, (text, category, kl) in enumerate(tokens):
        rows.append(
            {
                "run_id": run_id,
                "position": position,
                "text": text,
                "char_start": place,
                "char_stop": place + len(text),
                "is_eos": False,
                "category": category,
                "kl_tuned_base": kl,
                "base_prob": 0.5,
                "base_rank": {"unshifted": 1, "marginal": 2, "shifted": 7}[category],
            }
        )
        place += len(text)
    return pa.Table.from_pylist(rows)


def answer(
    run_id: str, instruction: str, tokens: Sequence[Token], marks: Sequence[MarkedPhrase] = ()
) -> Answer:
    return Answer(
        run_id=run_id,
        instruction=instruction,
        response="".join(text for text, _, _ in tokens),
        tokens=tokens_of(run_id, tokens),
        marks=tuple(marks),
    )


def pair_of(*answers: Answer, index=None, tuning: str = "SFT") -> PairAnswers:
    marked = any(one.marks for one in answers)
    return PairAnswers(
        pair="toy",
        tuning=tuning,
        answers=answers,
        marks_from="gold" if marked else "",
        index=index,
    )
