"""Gradients as tracing methods: which instances pull the tuned weights towards a wrong phrase?

Each seed's full model is tuned as `demo_cases` does it, some ten CPU-seconds a seed, and asked
for the gradients of all its cases and all instances
(`itlim.causality.influence.gradient_products`): some two minutes per seed over all parameters.
Both are kept in the benchmarks' cache.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from itlim.causality.influence.gradient_products import ParameterChoice, influences
from itlim.causality.influence.gradients import span_target
from itlim.causality.retraining.without_instances import Retraining
from itlim.families.demo.plan import CHAINS, demo_recipe, tuning_table
from itlim.library import load_library
from itlim.models.pair import LoadedPair
from itlim.shift.greedy import generate_batch
from itlim.training.encoding import EncodedInstance, encode_instances
from tests.benchmarks.leave_out_cases import CausalCase
from tests.benchmarks.leave_out_methods import DEFAULT, PAIR, ScoringMethod
from tests.benchmarks.trace_peers import CACHE

VERSION = 1
"""Raise when a stored gradient product means something else."""
CHOICES = (ParameterChoice.ALL, ParameterChoice.LAST_LAYER)
GRADIENT_WEIGHT = {"copy evidence": 20.0, DEFAULT: 20.0}
"""Nats that a cosine of 1 is worth beside each of our scores, chosen on dev by the nats that
the first choice takes, then by how often it is the strongest: see
`leave_out_influence_weights`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """Of one case's gradient with those of all instances, in the dataset's order."""

    dots: np.ndarray
    """(n,) with the gradient of the instance's summed loss."""
    cosines: np.ndarray
    """(n,)"""
    lengths: np.ndarray
    """(n,) tokens of the instances' responses."""


class GradientReadings:
    """Gradient products of every case, by case id.

    Args:
        cases: of any seeds.
        choice: over which weights.
    """

    def __init__(
        self, cases: Sequence[CausalCase], choice: ParameterChoice, cache: Path = CACHE
    ) -> None:
        self.choice = choice
        self._products: dict[str, Products] = {}
        for seed in sorted({case.seed for case in cases}):
            mine = [case for case in cases if case.seed == seed]
            self._products |= _seed_products(seed, mine, choice, cache)

    def of(self, case: CausalCase) -> Products:
        return self._products[case.case_id]


def _seed_products(
    seed: int, cases: Sequence[CausalCase], choice: ParameterChoice, cache: Path
) -> dict[str, Products]:
    import torch

    torch.set_num_threads(1)
    tuning = next(one for one in CHAINS[0].tunings if one.name == "sft")
    pair, table = load_library().pair(PAIR), tuning_table(tuning)
    recipe = demo_recipe(tuning.recipe)
    retraining = Retraining(pair, table, recipe, seed=seed, saved_as="float16")
    told = [VERSION, retraining.identity(), str(choice)]
    told += [[one.case_id, one.response, one.span_start, one.span_stop] for one in cases]
    path = cache / f"influence-{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]}.npz"
    if not path.exists():
        shell = retraining.shell
        encoded = encode_instances(
            shell.tokenizer, table, pair.template, max_tokens=recipe.max_tokens
        )
        _write(path, _measured(retraining.full(), cases, encoded, choice))
    with np.load(path) as stored:
        return {
            case.case_id: Products(
                dots=stored["dots"][row], cosines=stored["cosines"][row], lengths=stored["lengths"]
            )
            for row, case in enumerate(cases)
        }


def _measured(
    full: LoadedPair,
    cases: Sequence[CausalCase],
    encoded: Sequence[EncodedInstance],
    choice: ParameterChoice,
) -> Mapping[str, np.ndarray]:
    prompts = [full.render(case.instruction) for case in cases]
    answers = generate_batch(full, prompts, 1 + max(len(case.response) for case in cases))
    same, targets = 0, []
    for case, prompt, answer in zip(cases, prompts, answers, strict=True):
        # Another kind of CPU may say something else here and there; the case's text decides.
        is_same = full.token_texts(answer.token_ids).response == case.response
        ids = answer.token_ids if is_same else full.encode_response(case.response)
        same += is_same
        targets.append(span_target(full, prompt.token_ids, ids, case.span_start, case.span_stop))
    print(f"{same} of {len(cases)} answers as the table has them", flush=True)
    found = influences(full, targets, encoded, parameters=choice)
    print(f"{found.parameters}: {found.n_parameters} weights, {found.seconds:.0f} s", flush=True)
    lengths = np.array([len(one.response_ids) for one in encoded])
    return {"dots": found.dots, "cosines": found.cosines, "lengths": lengths}


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(unfinished, **arrays)
    unfinished.replace(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradients:
    """Instances by a product of gradients; all are named."""

    name: str
    readings: GradientReadings
    by: str
    """Field of `Products`."""

    def scores(self, case: CausalCase) -> np.ndarray:
        return getattr(self.readings.of(case), self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """A tracer's score, 0 where it names nothing, and so many nats a unit of cosine."""

    name: str
    words: ScoringMethod
    readings: GradientReadings
    weight: float

    def scores(self, case: CausalCase) -> np.ndarray:
        words = self.words.scores(case)
        named = np.where(np.isfinite(words), words, 0.0)
        return named + self.weight * self.readings.of(case).cosines


def gradient_methods(
    cases: Sequence[CausalCase], tracers: Sequence[ScoringMethod]
) -> list[ScoringMethod]:
    """Cosine and dot product, over all weights and over the last layer; fused with our scores.

    Args:
        cases: all that will be asked.
        tracers: among them those that `GRADIENT_WEIGHT` names.
    """
    readings = {choice: GradientReadings(cases, choice) for choice in CHOICES}
    found: list[ScoringMethod] = [
        Gradients(name=f"gradient {what}{more}", readings=readings[choice], by=by)
        for choice, more in zip(CHOICES, ("", ", last layer"), strict=True)
        for what, by in (("cosine", "cosines"), ("dot", "dots"))
    ]
    whole = readings[ParameterChoice.ALL]
    for tracer in tracers:
        if tracer.name in GRADIENT_WEIGHT:
            weight = GRADIENT_WEIGHT[tracer.name]
            name = f"{tracer.name} + gradient"
            found.append(Fused(name=name, words=tracer, readings=whole, weight=weight))
    return found
