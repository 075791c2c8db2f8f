"""The demo family's cases: wrong phrases of a tuning seed, and the instances to leave out."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from itlim.causality.cases import Case, holders
from itlim.causality.leave_out.engine import LeaveOut
from itlim.causality.leave_out.study import RANDOM_INSTANCES, Removals, SeedStudy
from itlim.causality.probes import Probe, full_answers
from itlim.causality.retraining.without_instances import Retraining
from itlim.families.demo.candidates import baseline_candidates
from itlim.families.demo.plan import CHAINS, demo_recipe, tuning_table
from itlim.families.demo.runs import read_rows
from itlim.families.demo.scores import score_answers
from itlim.families.demo.spans import MAIN
from itlim.library import load_library
from itlim.records import DEFAULT_MAX_NEW_TOKENS
from itlim.settings import DEMO_FOLDER
from itlim.text.phrases import phrase_in

PAIR = "demo-sft"
SPLITS = ("dev", "test")
FULL_SEED = 0
"""The seed for which every single instance is left out."""


def seed_study(seed: int, work: Path, folder: Path = DEMO_FOLDER) -> SeedStudy:
    """Tune the full model of a seed and find its wrong phrases on both evaluation sets.

    Questions that the base itself answers wrongly are omitted, because tuning may not have
    caused the error. The full model is trained here like the retrained ones, never read from
    the shipped files, so that all of them have the rounding of the same CPU.

    Args:
        seed: tuning seed.
        work: folder of the readings.
        folder: the demo family.
    """
    import torch

    torch.set_num_threads(1)
    pair = load_library().pair(PAIR)
    chain = CHAINS[0]
    tuning = next(one for one in chain.tunings if one.name == "sft")
    table = tuning_table(tuning, folder)
    retraining = Retraining(pair, table, demo_recipe(tuning.recipe), seed=seed, saved_as="float16")
    questions = [
        row | {"split": split}
        for split in SPLITS
        for row in read_rows(folder / f"eval_{split}.jsonl")
    ]
    prompts = [retraining.shell.render(row["instruction"]) for row in questions]
    base = full_answers(retraining.shell, prompts, DEFAULT_MAX_NEW_TOKENS)
    known = [
        index
        for index, probe in enumerate(base)
        if phrase_in(questions[index]["answer"], _text(retraining, probe))
    ]
    full = retraining.full()
    answers = full_answers(full, [prompts[index] for index in known], DEFAULT_MAX_NEW_TOKENS)
    cases, probes = _cases(seed, [questions[index] for index in known], answers, retraining, folder)
    return SeedStudy(
        seed=seed,
        cases=cases,
        probes=probes,
        leave_out=LeaveOut(retraining, probes, DEFAULT_MAX_NEW_TOKENS, work),
        retraining=retraining,
    )


def _text(retraining: Retraining, probe: Probe) -> str:
    return retraining.shell.token_texts(probe.response_ids).response


def _cases(
    seed: int,
    questions: Sequence[dict[str, Any]],
    answers: Sequence[Probe],
    retraining: Retraining,
    folder: Path,
) -> tuple[tuple[Case, ...], tuple[Probe, ...]]:
    """Wrong phrases, and the answers that contain them."""
    texts = [_text(retraining, answer) for answer in answers]
    rows = read_rows(folder / "it_dataset.jsonl")
    indices = {question["id"]: index for index, question in enumerate(questions)}
    cases: list[Case] = []
    probed: dict[int, int] = {}
    for phrase in score_answers(questions, texts, rows).wrong:
        index = indices[phrase.question_id]
        question, span = questions[index], phrase.span
        truth = question["answer"] if span.is_main else question["attributes"][span.attribute]
        cases.append(
            Case(
                case_id=f"{seed}-{phrase.question_id}-{span.attribute}",
                seed=seed,
                split=question["split"],
                instruction=question["instruction"],
                category=question["category"],
                response=texts[index],
                span_start=span.char_start,
                span_stop=span.char_stop,
                attribute=span.attribute,
                is_main=span.attribute == MAIN,
                truth=truth,
                probe=probed.setdefault(index, len(probed)),
            )
        )
    return tuple(cases), tuple(answers[index] for index in probed)


def plan(study: SeedStudy, chosen: Sequence[str] | None = None) -> list[Removals]:
    """List the removals in stages, so that an interrupted run leaves a useful set.

    Args:
        study: the seed's cases.
        chosen: instance ids named by tracing methods; ignored for `FULL_SEED`.

    Returns:
        Four stages: (1) no instance, the only sources of wrong main answers, random
        instances, and groups of sources that share a main answer; (2) the sources of main
        answers one by one; (3) the instances that methods name, or every instance for
        `FULL_SEED`; (4) the sources of the other wrong phrases.
    """
    rows = study.retraining.instances
    ids = rows["instance_id"].to_pylist()
    responses = rows["response"].to_pylist()
    generator = random.Random(study.seed)
    main, others = (
        [
            frozenset(ids[index] for index in holders(case.span_text, responses))
            for case in study.cases
            if case.is_main is wanted
        ]
        for wanted in (True, False)
    )
    control = [frozenset({one}) for one in generator.sample(ids, RANDOM_INSTANCES)]
    only = [group for group in main if len(group) == 1]
    first = [frozenset(), *only, *control, *_groups(main)]
    if study.seed == FULL_SEED:
        named = generator.sample(ids, len(ids))
    else:
        named = list(chosen) if chosen is not None else baseline_candidates(study.cases, rows)
    every = [frozenset({one}) for one in named]
    return [_new(first), _one_by_one(main), every, [*_groups(others), *_one_by_one(others)]]


def _one_by_one(groups: Sequence[frozenset[str]]) -> Removals:
    return _new([frozenset({one}) for group in groups for one in sorted(group)])


def _groups(groups: Sequence[frozenset[str]]) -> Removals:
    return _new([group for group in groups if len(group) > 1])


def _new(removals: Removals) -> Removals:
    return list(dict.fromkeys(removals))
