"""User-defined leave-out studies: find the cases and choose what to leave out."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from itlim.causality.cases import Case, holders
from itlim.causality.leave_out.engine import LeaveOut
from itlim.causality.leave_out.kept_answers import KeptAnswers
from itlim.causality.leave_out.marked_instructions import MarkedInstruction
from itlim.causality.leave_out.study import RANDOM_INSTANCES, Removals, SeedStudy
from itlim.causality.probes import full_answers
from itlim.causality.retraining.known_recipe import KnownRecipe
from itlim.errors import InputError
from itlim.library import DatasetEntry
from itlim.progress import StepProgress
from itlim.records import DEFAULT_MAX_NEW_TOKENS
from itlim.text.messages import plural
from itlim.text.prompts import asked_text

TRACED, ALL = "traced", "all"
TOP = 5
"""Number of top candidates per phrase that are left out one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsStudy:
    """The cases found in the full model's own answers, and the skipped marks."""

    study: SeedStudy
    skipped: tuple[str, ...] = field(default=())
    """One sentence for each quote or span that the answers do not contain."""


def runs_study(
    known: KnownRecipe,
    asked: Sequence[MarkedInstruction],
    work: Path,
    *,
    split: str,
    max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS,
    progress: StepProgress | None = None,
) -> RunsStudy:
    """Tune the full model again and find the marked words in its own answers.

    The answers and the full model's reading are kept in `work`, so that the full model is tuned
    only once.

    Args:
        known: recipe with which the pair was tuned.
        asked: instructions and the words to find in their answers.
        work: folder of readings; each study has its own subfolder.
        split: name of the set of questions, for the rows of the table.
        max_new_tokens: maximum length of the answers.
        progress: called with the steps done, the total number of steps and a message.

    Raises:
        InputError: the answers contain none of the words.
    """
    _use_one_thread()
    retraining = known.retraining()
    shell = retraining.shell
    prompts = [shell.render(one.instruction, one.input) for one in asked]
    kept = KeptAnswers(work, retraining, prompts, max_new_tokens)
    probes, loaded = kept.load(), None
    if probes is None:
        loaded = retraining.full(progress=progress)
        probes = full_answers(loaded, prompts, max_new_tokens)
        kept.save(probes)
    answers = [shell.token_texts(probe.response_ids).response for probe in probes]
    cases, skipped = list[Case](), list[str]()
    for place, (one, answer) in enumerate(zip(asked, answers, strict=True)):
        spans, why = _spans(one, answer)
        skipped += why
        for number, (start, stop) in enumerate(spans):
            cases.append(
                Case(
                    case_id=f"{known.seed}-{one.line}-{number}",
                    seed=known.seed,
                    split=split,
                    instruction=asked_text(one.instruction, one.input).strip(),
                    category=None,
                    response=answer,
                    span_start=start,
                    span_stop=stop,
                    attribute="span",
                    is_main=True,
                    truth=None,
                    probe=place,
                )
            )
    if not cases:
        raise InputError(
            "None of the marked words occur in the full model's answers. "
            + " ".join(skipped[:3])
            + " Mark words of the answers that `python -m itlim inspect` prints."
        )
    engine = LeaveOut(retraining, probes, max_new_tokens, work)
    if loaded is not None:
        engine.keep_full(loaded)
    study = SeedStudy(
        seed=known.seed,
        cases=tuple(cases),
        probes=probes,
        leave_out=engine,
        retraining=retraining,
    )
    return RunsStudy(study=study, skipped=tuple(skipped))


def _use_one_thread() -> None:
    """Compute on one torch thread, so that retrainings round in the same way."""
    import torch

    torch.set_num_threads(1)


def _spans(asked: MarkedInstruction, answer: str) -> tuple[list[tuple[int, int]], list[str]]:
    """Spans of the marked words in an answer, and one sentence for each mark without a span."""
    found, why = [], []
    where = f"Line {asked.line}:"
    for quote in asked.quotes:
        start = answer.find(quote) if quote.strip() else -1
        if start < 0:
            why.append(f"{where} the full model does not say {quote!r}, but {answer!r:.120}.")
        else:
            found.append((start, start + len(quote)))
    moved = asked.response is not None and asked.response != answer
    for start, stop in asked.spans:
        if moved:
            why.append(f"{where} the span was marked in another answer than {answer!r:.120}.")
        elif not (0 <= start < stop <= len(answer) and answer[start:stop].strip()):
            why.append(f"{where} the span {start}:{stop} contains no word of {answer!r:.120}.")
        else:
            found.append((start, stop))
    return list(dict.fromkeys(found)), why


def removals_of(study: SeedStudy, known: KnownRecipe, entry: DatasetEntry, wanted: str) -> Removals:
    """The removals for the cases of a study; the first one is empty, as the reference.

    Args:
        study: study with its cases.
        known: recipe with the instances that can be left out.
        entry: the dataset, for tracing.
        wanted: `traced`: per case, the five best candidates by words, one by one, and all
            instances that contain the phrase as a group, plus 20 random instances. `all`: every
            instance and these groups. Otherwise comma-separated ids, left out one by one.

    Raises:
        InputError: an id is not among the instances.
    """
    ids = known.instances["instance_id"].to_pylist()
    free = [one for one in ids if one not in known.already_without]
    if wanted not in (TRACED, ALL):
        named = [part.strip() for part in wanted.split(",") if part.strip()]
        unknown = sorted(set(named) - set(free))
        if unknown or not named:
            raise InputError(
                f"Unknown instance: {', '.join(unknown) or repr(wanted)}. The model was tuned on "
                f"{plural(len(free), 'instance')}: expected {TRACED}, {ALL}, or ids such as "
                f"{free[0]}, comma-separated."
            )
        return [frozenset(), *dict.fromkeys(frozenset({one}) for one in named)]
    responses = known.instances["response"].to_pylist()
    groups = [
        frozenset(ids[n] for n in holders(case.span_text.strip(), responses)) & set(free)
        for case in study.cases
    ]
    if wanted == ALL:
        named = free
    else:
        generator = random.Random(study.seed)
        control = generator.sample(free, min(RANDOM_INSTANCES, len(free)))
        named = [*_traced(study, entry, frozenset(free)), *control]
    single = [frozenset({one}) for one in named]
    return list(dict.fromkeys([frozenset(), *(one for one in groups if one), *single]))


def _traced(study: SeedStudy, entry: DatasetEntry, known: frozenset[str]) -> list[str]:
    """The best candidates of every case, ranked by words only."""
    from itlim.trace import ensure_index, trace_span

    index = ensure_index(entry, lexical_only=True)
    found: list[str] = []
    for case in study.cases:
        traced = trace_span(
            [index],
            instruction=case.instruction,
            response=case.response,
            start=case.span_start,
            stop=case.span_stop,
            top=len(known),
            lexical_only=True,
        )
        # Some models are tuned on only the first rows of the dataset.
        seen = [one.instance_id for one in traced.candidates if one.instance_id in known]
        found += seen[:TOP]
    return list(dict.fromkeys(found))
