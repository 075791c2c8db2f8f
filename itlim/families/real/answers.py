"""The family's answers to its held-out questions, stored batch by batch so that a kill loses one.

All models answer a batch before the next one starts, in the order of the file. So an unfinished
build has the same questions for every model, and the questions are the first ones of the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq

from itlim.batch.parts import Parts
from itlim.ids import content_hash
from itlim.models.fingerprint import pair_hashes
from itlim.models.huggingface import load_pair
from itlim.models.pair import LoadedPair
from itlim.pipeline import answer_many
from itlim.progress import StepProgress
from itlim.records import Pair, PairHashes, Request, Run
from itlim.store.shipped import ORIGIN, RUNS_FILE

MAX_NEW_TOKENS = 96
BATCH_QUESTIONS = 8
# A fixed date, so that the same weights give the same files.
MADE_ON = datetime(2026, 11, 26, tzinfo=UTC)


def answer_questions(
    pairs: Sequence[Pair],
    questions: Sequence[str],
    work: Path,
    *,
    shown: Mapping[str, str],
    max_new_tokens: int = MAX_NEW_TOKENS,
    batch_questions: int = BATCH_QUESTIONS,
    progress: StepProgress | None = None,
) -> list[Path]:
    """Answer every question greedily with the tuned model of every pair; finished batches are kept.

    Args:
        pairs: the pairs; a pair of the base with itself gives the base's answers.
        questions: instructions without input.
        work: folder of finished batches.
        shown: names that the stored runs contain instead of a model's path on this machine.
        max_new_tokens: longest answer.
        batch_questions: questions that are answered and stored together.
        progress: called with the answers done, their total number and a message.

    Returns:
        The folders of the batches, each with the two files of `ship_runs`.
    """
    report = progress or (lambda _done, _total, _what: None)
    total = len(pairs) * len(questions)
    hashes = {pair.name: pair_hashes(pair) for pair in pairs}
    loaded: dict[str, LoadedPair] = {}
    parts = Parts(work)
    folders, done = [], 0
    try:
        for start in range(0, len(questions), batch_questions):
            batch = list(questions[start : start + batch_questions])
            for pair in pairs:
                name = _batch_name(pair, hashes[pair.name], batch, max_new_tokens)
                if not parts.path(name).exists():
                    if pair.name not in loaded:
                        loaded[pair.name] = load_pair(pair)
                    runs = _answers(loaded[pair.name], batch, shown, max_new_tokens)
                    parts.add_runs(name, runs)
                folders.append(parts.path(name))
                done += len(batch)
                report(done, total, f"Answered {done:,} of {total:,}")
    finally:
        for one in loaded.values():
            one.close()
    return folders


def read_answers(folders: Sequence[Path]) -> dict[str, dict[str, str]]:
    """The stored answers by pair name, and then by instruction."""
    answers: dict[str, dict[str, str]] = {}
    for folder in folders:
        for row in pq.read_table(folder / RUNS_FILE).to_pylist():
            answers.setdefault(row["pair"], {})[row["instruction"]] = row["response"]
    return answers


def _batch_name(pair: Pair, hashes: PairHashes, batch: Sequence[str], max_new_tokens: int) -> str:
    """Depends on all that determines the answers, so that other weights give other folders."""
    return content_hash(
        pair.name, hashes.base, hashes.tuned, pair.template_name, list(batch), max_new_tokens
    )[:16]


def _answers(
    loaded: LoadedPair, batch: Sequence[str], shown: Mapping[str, str], max_new_tokens: int
) -> list[Run]:
    requests = [
        Request(pair=loaded.pair, instruction=question, max_new_tokens=max_new_tokens)
        for question in batch
    ]
    return [
        replace(
            run,
            base_model=shown.get(run.base_model, run.base_model),
            tuned_model=shown.get(run.tuned_model, run.tuned_model),
        )
        for run in answer_many(requests, loaded, origin=ORIGIN, created_at=MADE_ON)
    ]
