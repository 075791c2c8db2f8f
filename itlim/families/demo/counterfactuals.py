"""How often a phrase in the demo models' answers recurs when the question is rephrased."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from itlim.causality.probes import full_answers
from itlim.causality.rephrasing.asking import MIN_WORDINGS
from itlim.causality.rephrasing.recurrence import recurrence
from itlim.causality.rephrasing.wordings import rephrasings
from itlim.errors import NotFoundError
from itlim.families.demo.runs import PAIRS, read_rows
from itlim.families.demo.spans import AnswerSpan, answer_spans
from itlim.library import load_library
from itlim.models.huggingface import load_pair
from itlim.progress import LineProgress
from itlim.records import DEFAULT_MAX_NEW_TOKENS, Pair
from itlim.settings import DEMO_FOLDER
from itlim.statistics.finding import Finding, estimate
from itlim.statistics.intervals import mean
from itlim.text.phrases import phrase_in

if TYPE_CHECKING:
    from itlim.models.pair import LoadedPair

WRITTEN, PATTERNS = "written with the questions", "patterns of English"
"""Kinds of wordings: those of the evaluation set, which resemble the tuning dataset's, and those
that `rephrasings` proposes."""
COUNTERFACTUALS_FILE = DEMO_FOLDER / "counterfactuals.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseSurvival:
    """The main phrase of one answer, and whether it recurs when the question is rephrased."""

    pair: str
    question_id: str
    wordings: str
    is_wrong: bool
    """Whether the phrase differs from the true answer."""
    survived: tuple[bool, ...]
    """Per wording, whether the phrase recurs, in the same or nearly the same words."""
    correct: tuple[bool, ...]
    """Per wording, whether the new answer contains the true one."""


def demo_counterfactuals(
    folder: Path = DEMO_FOLDER, *, progress: LineProgress | None = None
) -> list[PhraseSurvival]:
    """Ask SFT and LFT every test question as it is and rephrased.

    Returns:
        One entry per pair, question and kind of wordings, if the answer has a main phrase.
    """
    import torch

    torch.set_num_threads(1)
    report = progress or (lambda _line: None)
    questions = read_rows(folder / "eval_test.jsonl")
    found = []
    for name in PAIRS:
        pair = load_library().pair(name)
        loaded = load_pair(pair)
        try:
            found += _of_pair(pair, loaded, questions, report)
        finally:
            loaded.close()
    return found


def read_counterfactual_findings(path: Path = COUNTERFACTUALS_FILE) -> list[Finding]:
    """Read the stored output of `python -m itlim demo counterfactuals`.

    Raises:
        NotFoundError: the file does not exist.
    """
    if not path.exists():
        raise NotFoundError(f"{path} is missing: run `python -m itlim demo counterfactuals --out`.")
    rows = json.loads(path.read_text(encoding="utf-8"))["findings"]
    return [Finding.from_row(row) for row in rows]


def _of_pair(
    pair: Pair, loaded: "LoadedPair", questions: Sequence[Mapping[str, Any]], report: LineProgress
) -> list[PhraseSurvival]:
    own = _answered(loaded, [row["instruction"] for row in questions])
    phrases = [_main(response, row) for response, row in zip(own, questions, strict=True)]
    found = []
    for kind in (WRITTEN, PATTERNS):
        asked = [_wordings(row, kind) for row in questions]
        report(f"{pair.name}: {sum(map(len, asked))} wordings {kind}")
        texts = iter(_answered(loaded, [text for texts in asked for text in texts]))
        for row, wordings, phrase in zip(questions, asked, phrases, strict=True):
            answers = [next(texts) for _ in wordings]
            if phrase is None:
                continue
            found.append(
                PhraseSurvival(
                    pair=pair.name,
                    question_id=row["id"],
                    wordings=kind,
                    is_wrong=phrase.is_wrong,
                    survived=tuple(not recurrence(phrase.text, one).is_gone for one in answers),
                    correct=tuple(phrase_in(row["answer"], one) for one in answers),
                )
            )
    return found


def _wordings(row: Mapping[str, Any], kind: str) -> list[str]:
    """The first two wordings of a kind."""
    if kind == WRITTEN:
        others = [one for one in row["rephrasings"] if one != row["instruction"]]
    else:
        others = [one.text for one in rephrasings(row["instruction"])]
    return others[:MIN_WORDINGS]


def _answered(loaded: "LoadedPair", instructions: Sequence[str]) -> list[str]:
    prompts = [loaded.render(instruction) for instruction in instructions]
    probes = full_answers(loaded, prompts, DEFAULT_MAX_NEW_TOKENS)
    return [loaded.token_texts(probe.response_ids).response for probe in probes]


def _main(response: str, question: Mapping[str, Any]) -> AnswerSpan | None:
    return next((one for one in answer_spans(response, question) if one.is_main), None)


def counterfactual_findings(asked: Sequence[PhraseSurvival]) -> list[Finding]:
    """Shares of answers in which a phrase survives, by model, kind of wordings and truth.

    A question counts once, by its mean over the wordings; intervals resample questions.

    Returns:
        The keys `survives` and `answer_right`, by model and truth as group and kind of wordings
        as split; and `survives_less`, the difference of the models.
    """
    found = []
    for kind in (WRITTEN, PATTERNS):
        for pair in PAIRS:
            for is_wrong in (True, False):
                rows = [
                    one
                    for one in asked
                    if (one.pair, one.wordings, one.is_wrong) == (pair, kind, is_wrong)
                ]
                group = f"{pair}, {'wrong' if is_wrong else 'right'} phrases"
                survived = [one.survived for one in rows]
                correct = [one.correct for one in rows]
                found += [
                    _share(survived, group, kind, key="survives", text="the phrase recurs"),
                    _share(correct, group, kind, key="answer_right", text="the answer is correct"),
                ]
    return [*found, *_difference(asked)]


def _difference(asked: Sequence[PhraseSurvival]) -> list[Finding]:
    """On questions that SFT answers wrongly, the survival of SFT's phrase minus that of LFT's."""
    found = []
    for kind in (WRITTEN, PATTERNS):
        by_pair = [
            {one.question_id: one for one in asked if (one.pair, one.wordings) == (pair, kind)}
            for pair in PAIRS
        ]
        paired = [
            mean(one.survived) - mean(by_pair[1][name].survived)
            for name, one in by_pair[0].items()
            if one.is_wrong and name in by_pair[1]
        ]
        found.append(
            estimate(
                paired,
                mean,
                key="survives_less",
                group="SFT's wrong phrase less LFT's phrase, same questions",
                split=kind,
                claim=f"SFT's wrong phrases minus LFT's, same questions, {kind}: the phrase recurs",
                unit="difference of shares",
                of="questions",
            )
        )
    return found


def _share(
    rows: Sequence[Sequence[bool]], group: str, kind: str, *, key: str, text: str
) -> Finding:
    return estimate(
        [mean(row) for row in rows if row],
        mean,
        key=key,
        group=group,
        split=kind,
        claim=f"{group}, {kind}: {text}",
        unit="share",
        of=f"questions × {MIN_WORDINGS} wordings",
    )
