"""Realistic TOKEN_SHIFTS tables without a model.

Every measure is computed by its definition from two made-up distributions over a small
vocabulary, so that ranks, probabilities and divergences are consistent.
"""

import re
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from itlim.records import Thresholds
from itlim.schema import TOKEN_SHIFTS
from itlim.shift.growing import GrownRows

FILLERS = tuple(
    " " + word
    for word in (
        "it this about Earth gold helps is mainly the of a and to in that was for on as with by at "
        "from his her which one had but are not or an they were all have been their has would what "
        "will there if can said who do up more out so"
    ).split()
)
TELESCOPE = (
    "The James Webb Space Telescope was launched on 25 December 2021 from Kourou, French Guiana, "
    "aboard an Ariane 5 rocket.\n\nIts primary mirror spans 6.5 metres and is made of 18 "
    "gold-plated beryllium segments. The telescope took the very first image of an exoplanet in "
    "2004, and it orbits the Sun near the L2 point, about 1.5 million kilometres from Earth.\n\n"
    "Here are three things to remember:\n1. It observes mainly in the infrared.\n2. Its sunshield "
    "is roughly the size of a tennis court.\n3. Dr. Elena Marchetti, the mission's chief "
    "astronomer, won the 2022 Nobel Prize in Physics for its discoveries.\n\nI hope this helps! "
    "Let me know if you would like to know more about the instruments on board, such as NIRCam or "
    "MIRI."
)
SHIFTED_IN_TELESCOPE = (
    "Here| things|:| Dr| Elena| Nobel|I| hope| helps| Let| would| know| more| very| about| such"
).split("|")
EDGE_TEXTS = (
    "Plain", " text", ":", "\n",
    "<script>", "window.__xss=1", "</script>", ' <img src=x onerror="window.__xss=2">',
    " <b>bold</b>",
    " &amp;", " {{7*7}}", " $\\frac{1}{2}$", "\n",
    "  indented", "\ttab", "\n\n",
    "Emoji", " 👩‍👩‍👧‍👦", "🇫🇷", "👍🏽", " e\u0301", " 🎉", "", "", "", "\n",
    "日", "本", "語", "の", "文", "章", "を", "分", "割", "", "\n",
    "مرحبا", " بال", "عالم", "،", " هذا", " نص", " with", " English", "\n",
    "שלום", " עולם", " 123", "\n",
    "bidi", "\u202e", "reversed", "\u202c", " zero", "\u200b", "width", "\x00", "\ufffd",
    "\x1b[31m", "\U000e0041", "\u2028", "\r\n",
    "a" * 150, " end", "",
)  # fmt: skip


def telescope_texts() -> list[str]:
    """The sample, split roughly like a byte-pair tokenizer: leading spaces, some split words."""
    pieces = re.findall(r"\n| ?[A-Za-z]+| ?\d|[^\sA-Za-z\d]| ", TELESCOPE)
    texts: list[str] = []
    for piece in pieces:
        word = piece.strip()
        if len(word) > 8:
            texts += [piece[:-4], piece[-4:]]
        elif word in {"astronomer", "Marchetti", "Kourou"}:
            texts += [piece[:-3], piece[-3:]]
        else:
            texts.append(piece)
    assert "".join(texts) == TELESCOPE
    return [*texts, ""]


def token_table(
    texts: list[str] | tuple[str, ...],
    *,
    seed: int = 7,
    shifted: tuple[str, ...] | list[str] = (),
    shift_rate: float = 0.12,
    differing: tuple[int, ...] = (),
    ends: bool = True,
    top_k: int = 10,
    run_id: str = "run-1",
) -> pa.Table:
    """A TOKEN_SHIFTS table of these token texts.

    Args:
        texts: one per token; an empty text is a later piece of a character, or the end of
            the sequence if it is the last one and `ends` is True.
        seed: seed of the random numbers.
        shifted: texts of tokens that the base model ranks low; others are shifted at random.
        shift_rate: share of tokens that are shifted at random, most of them marginally.
        differing: positions where the emitted token is not the tuned model's first choice.
        ends: whether the last token is the end of the sequence.
        top_k: length of both top lists.
        run_id: id of the run.
    """
    random = np.random.default_rng(seed)
    vocabulary = list(dict.fromkeys([*FILLERS, *texts]))
    ids = np.array([vocabulary.index(text) for text in texts], dtype=np.int64)
    n, size = len(texts), len(vocabulary)
    chosen = ids.copy()
    for position in differing:
        chosen[position] = (ids[position] + 3) % size
    shared = random.normal(0, 1.2, (n, size))
    tuned, base = shared + random.normal(0, 0.25, (n, size)), shared
    rows = np.arange(n)
    tuned[rows, chosen] = tuned.max(axis=1) + random.uniform(0.3, 4, n)
    base[rows, chosen] = tuned[rows, chosen] - random.uniform(0, 0.2, n)
    drop = random.random(n) < shift_rate
    base[drop, chosen[drop]] = base[drop].max(axis=1) - random.uniform(0.2, 3, int(drop.sum()))
    low = np.array([text in shifted for text in texts], dtype=bool)
    base[low, chosen[low]] = random.uniform(-1, 1, int(low.sum()))
    return _measured(texts, ids, base, tuned, vocabulary, ends=ends, top_k=top_k, run_id=run_id)


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _measured(
    texts: Any,
    ids: Any,
    base: Any,
    tuned: Any,
    vocabulary: list[str],
    *,
    ends: bool,
    top_k: int,
    run_id: str,
) -> pa.Table:
    rows = np.arange(len(texts))
    log_base, log_tuned = _log_softmax(base), _log_softmax(tuned)
    p_base, p_tuned = np.exp(log_base), np.exp(log_tuned)
    middle = (p_base + p_tuned) / 2
    argmax = p_tuned.argmax(axis=1)
    lengths = [len(text) for text in texts]
    stops = np.cumsum(lengths)

    def rank(tokens: np.ndarray) -> np.ndarray:
        return (base > base[rows, tokens][:, None]).sum(axis=1) + 1

    def top(probs: np.ndarray) -> list:
        order = np.argsort(-probs, axis=1)[:, :top_k]
        return [
            [
                {"token_id": int(i), "text": vocabulary[i], "prob": float(probs[t, i])}
                for i in order[t]
            ]
            for t in rows
        ]

    base_rank = rank(argmax)
    limits = Thresholds()
    columns = {
        "run_id": [run_id] * len(texts),
        "position": rows,
        "token_id": ids,
        "text": list(texts),
        "char_start": stops - lengths,
        "char_stop": stops,
        "is_eos": (rows == len(texts) - 1) & ends,
        "tuned_argmax_id": argmax,
        "base_rank": base_rank,
        "base_prob": p_base[rows, argmax],
        "tuned_prob": p_tuned[rows, argmax],
        "emitted_rank": rank(ids),
        "emitted_prob": p_base[rows, ids],
        "emitted_tuned_prob": p_tuned[rows, ids],
        "category": [str(limits.category(int(value))) for value in base_rank],
        "kl_tuned_base": (p_tuned * (log_tuned - log_base)).sum(axis=1),
        "kl_base_tuned": (p_base * (log_base - log_tuned)).sum(axis=1),
        "js": (p_tuned * (log_tuned - np.log(middle)) + p_base * (log_base - np.log(middle))).sum(
            axis=1
        )
        / 2,
        "base_entropy": -(p_base * log_base).sum(axis=1),
        "tuned_entropy": -(p_tuned * log_tuned).sum(axis=1),
        "top_base": top(p_base),
        "top_tuned": top(p_tuned),
    }
    return pa.table(
        {field.name: pa.array(columns[field.name], field.type) for field in TOKEN_SHIFTS},
        schema=TOKEN_SHIFTS,
    )


def telescope_table(**options: Any) -> pa.Table:
    """The sample response with its known shifted words."""
    settings = {"shifted": SHIFTED_IN_TELESCOPE, "shift_rate": 0.15} | options
    return token_table(telescope_texts(), **settings)


def long_table(n: int) -> pa.Table:
    """A table of n tokens: the sample repeated."""
    texts = telescope_texts()[:-1]
    return token_table(
        [texts[i % len(texts)] for i in range(n)], shifted=SHIFTED_IN_TELESCOPE, ends=False
    )


class ReplayedTable:
    """Stands for a `GrowingTable`: shows the first `count` rows of a table, a version per row."""

    def __init__(self, tokens: pa.Table, *, count: int = 0, revised: int = 0) -> None:
        self.tokens = tokens
        self.count = count
        self.revised = revised
        """So many rows before the new ones are given again, as if their texts had changed."""

    def since(self, version: int = 0) -> GrownRows:
        start = version if version == self.count else max(0, version - self.revised)
        return GrownRows(rows=self.tokens.slice(start, self.count - start), version=self.count)


def run_row(tokens: pa.Table, **changes: Any) -> dict[str, Any]:
    """A row of RUNS that matches a token table."""
    row = {
        "run_id": tokens["run_id"][0].as_py() if len(tokens) else "run-1",
        "created_at": datetime(2026, 11, 20, tzinfo=UTC),
        "pair": "demo-sft",
        "base_model": "data/demo/models/base",
        "base_hash": "b" * 16,
        "tuned_model": "data/demo/models/sft",
        "tuned_hash": "c" * 16,
        "tuning": "full",
        "dtype": "float32",
        "template": "alpaca",
        "instruction": "Tell me about the James Webb Space Telescope.",
        "input": "",
        "prompt": "### Instruction:\nTell me about the telescope.\n\n### Response:\n",
        "prompt_token_ids": [1, 2, 3],
        "response": "".join(tokens["text"].to_pylist()),
        "decoding": "greedy",
        "max_new_tokens": 256,
        "finish_reason": "end_of_sequence",
        "marginal_above": 1,
        "shifted_above": 3,
        "top_k": 10,
        "origin": "live",
        "itlim_version": "0.1.0",
    }
    return row | changes
