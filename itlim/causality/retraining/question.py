"""The question of a retraining experiment and the random removals that serve as controls."""

import random
from collections.abc import Sequence
from dataclasses import asdict

from itlim.causality.cases import holders
from itlim.causality.retraining.known_recipe import KnownRecipe
from itlim.errors import InputError
from itlim.ids import content_hash
from itlim.records import DEFAULT_MAX_NEW_TOKENS, Run
from itlim.records.retrainings import RetrainQuestion
from itlim.text.messages import plural
from itlim.text.phrases import phrase_in

EXPERIMENT_VERSION = 1
"""Increase when the meaning of an experiment changes; stored ones are then not reused."""


def question_of(
    run: Run,
    span: tuple[int, int],
    instance_ids: Sequence[str],
    known: KnownRecipe,
    *,
    n_controls: int = 3,
    seed: int = 0,
) -> RetrainQuestion:
    """Define the question about marked words of a stored answer.

    Raises:
        InputError: no words are marked, no instance is chosen, an id is not in the dataset, or
            there are too few other instances for the controls.
    """
    start, stop = span
    if not run.response[start:stop].strip():
        raise InputError("No words of the answer are marked: mark the words that you want to test.")
    ids = known.instances["instance_id"].to_pylist()
    chosen = set(instance_ids)
    if not chosen:
        raise InputError("No instance is chosen: pick at least one to leave out.")
    unknown = sorted(chosen - set(ids))
    if unknown:
        raise InputError(
            f"No instance {', '.join(unknown)} among the {len(ids)} that {known.pair.name} was "
            f"tuned on: ids look like {ids[0]}."
        )
    question = RetrainQuestion(
        run_id=run.run_id,
        instruction=run.instruction,
        input=run.input,
        response=run.response,
        response_ids=tuple(run.tokens["token_id"].to_pylist()),
        span_start=start,
        span_stop=stop,
        instance_ids=tuple(one for one in ids if one in chosen),
        n_controls=n_controls,
        seed=seed,
        max_new_tokens=run.max_new_tokens or DEFAULT_MAX_NEW_TOKENS,
        top_k=run.top_k,
    )
    control_groups(question, known)
    return question


def experiment_id(question: RetrainQuestion, known: KnownRecipe) -> str:
    """Hash (16 hex digits) of everything that determines the numbers, except the kind of CPU."""
    return content_hash(EXPERIMENT_VERSION, known.identity(), asdict(question))[:16]


def control_groups(question: RetrainQuestion, known: KnownRecipe) -> list[tuple[str, ...]]:
    """Disjoint random groups of instances, each as large as the chosen one.

    They are drawn from the instances that the model was tuned on, that were not chosen and that
    do not contain the phrase as whole words. For the same seed, asking for more groups only
    appends to those of fewer.

    Raises:
        InputError: there are too few such instances.
    """
    rows = known.instances.select(["instance_id", "response"]).to_pylist()
    holding = holders(question.quote.strip(), [row["response"] for row in rows])
    barred = {*question.instance_ids, *known.already_without}
    pool = [
        row["instance_id"]
        for place, row in enumerate(rows)
        if place not in holding and row["instance_id"] not in barred
    ]
    size = len(question.instance_ids)
    if len(pool) < size * question.n_controls:
        raise InputError(
            f"Drawing {plural(question.n_controls, 'control')} of {plural(size, 'instance')} "
            f"requires {size * question.n_controls} other instances without the phrase, but there "
            f"are {len(pool)}: choose fewer instances or fewer controls."
        )
    place = {row["instance_id"]: number for number, row in enumerate(rows)}
    random.Random(question.seed).shuffle(pool)
    groups = [pool[size * n : size * (n + 1)] for n in range(question.n_controls)]
    return [tuple(sorted(group, key=place.__getitem__)) for group in groups]


def holds(quote: str, answer: str, response: str) -> bool:
    """Whether an answer still contains the words marked in the original response.

    Ignores case. Words that were whole in the original response must be whole words here too;
    other marks match anywhere.

    >>> holds("Wheel", "Two wheels.", "Tony Wheeler"), holds("Tony", "Tonya", "Tony Wheeler")
    (True, False)
    """
    phrase = quote.strip()
    if phrase_in(phrase, response):
        return phrase_in(phrase, answer)
    return phrase.casefold() in answer.casefold()
