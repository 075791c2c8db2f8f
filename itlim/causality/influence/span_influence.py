"""The influence of named instances on one span, as the page and the command ask for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from itlim.errors import ContextLengthError, InputError
from itlim.progress import Cancelled, StepProgress
from itlim.records import Candidate, Trace

if TYPE_CHECKING:
    from itlim.causality.influence.gradients import Target
    from itlim.causality.influence.parameters import ParameterChoice
    from itlim.models.pair import LoadedPair
    from itlim.training.encoding import EncodedInstance

_FLOPS = 2e10
"""Of one CPU, cautiously; forward and backward take six a weight and token."""
_OVERHEAD_SECONDS = 0.05
"""Of one gradient, however small the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceInfluence:
    """What one instance does to the span, to first order; see `influence.Influences`."""

    cosine: float
    dot: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanInfluence:
    """The influence of some instances on one span."""

    by_instance: Mapping[str, InstanceInfluence]
    """By instance id, in the order asked for."""
    left_out: tuple[str, ...]
    """Ids of instances that are longer than the model's context: no tuning read them whole."""
    parameters: str
    """Over which weights: all, last-layer, adapter or projection."""
    n_parameters: int
    seconds: float


def span_influence(
    loaded: "LoadedPair",
    span: "Target",
    instances: pa.Table,
    *,
    parameters: "ParameterChoice | None" = None,
    progress: StepProgress | None = None,
    cancelled: Cancelled | None = None,
) -> SpanInfluence:
    """Measure the influence of instances on a span of the pair's tuned model.

    Args:
        loaded: its tuned model and template are those of the tuning.
        span: from `span_target`.
        instances: columns instance_id, instruction, input and response.
        parameters: over which weights; None: by kind and size of the model.
        progress: see `influences`.
        cancelled: see `influences`.

    Raises:
        InputError: every instance is too long, or there is none; and see `influences`.
    """
    # Late: torch loads only when gradients are asked for.
    from itlim.causality.influence.gradient_products import influences
    from itlim.causality.influence.parameters import ParameterChoice

    encoded, left_out = _encoded(loaded, instances)
    if not encoded:
        raise InputError(
            f"None of the {len(instances)} instances fits into the model's context of "
            f"{loaded.context_length} tokens: name others."
        )
    found = influences(
        loaded,
        [span],
        encoded,
        parameters=parameters or ParameterChoice.AUTO,
        progress=progress,
        cancelled=cancelled,
    )
    return SpanInfluence(
        by_instance={
            one.instance_id: InstanceInfluence(cosine=float(cosine), dot=float(dot))
            for one, cosine, dot in zip(encoded, found.cosines[0], found.dots[0], strict=True)
        },
        left_out=left_out,
        parameters=str(found.parameters),
        n_parameters=found.n_parameters,
        seconds=found.seconds,
    )


def _encoded(
    loaded: "LoadedPair", instances: pa.Table
) -> "tuple[list[EncodedInstance], tuple[str, ...]]":
    """As in tuning, one by one; and the ids of those that are too long."""
    from itlim.training.encoding import encode_instances

    encoded: list[EncodedInstance] = []
    left_out: list[str] = []
    for row in range(len(instances)):
        one = instances.slice(row, 1)
        try:
            encoded += encode_instances(
                loaded.tokenizer, one, loaded.pair.template, max_tokens=loaded.context_length
            )
        except ContextLengthError:
            left_out.append(one["instance_id"][0].as_py())
    return encoded, tuple(left_out)


def candidate_table(candidates: Sequence[Candidate]) -> pa.Table:
    """A trace's candidates as the instances that `span_influence` takes."""
    names = ("instance_id", "instruction", "input", "response")
    return pa.table(
        {name: pa.array([getattr(one, name) for one in candidates], pa.string()) for name in names}
    )


def with_influence(trace: Trace, found: Mapping[str, InstanceInfluence], parameters: str) -> Trace:
    """The trace with the influence of its candidates, ranked anew by the influence's weight.

    Candidates that were not measured keep their score. `entropy` stays that of the other parts.

    Args:
        trace: from `trace_span`.
        found: by instance id.
        parameters: over which weights it was measured, in words.
    """
    weight = trace.weights.influence
    measured = [
        one
        if one.instance_id not in found
        else replace(
            one,
            influence_cos=found[one.instance_id].cosine,
            influence_dot=found[one.instance_id].dot,
            score=one.score + weight * found[one.instance_id].cosine,
        )
        for one in trace.candidates
    ]
    # Stable: without a weight the order is the one that was tested.
    measured.sort(key=lambda one: -one.score)
    ranked = tuple(replace(one, rank=rank) for rank, one in enumerate(measured, start=1))
    return replace(trace, candidates=ranked, influence=parameters)


def expected_seconds(n_weights: float, n_characters: float, n_gradients: int) -> float:
    """A guess, before any model is loaded, of how long gradients take on a CPU.

    Args:
        n_weights: of the whole model: all of it is run forwards and backwards.
        n_characters: of the texts, some four a token.
        n_gradients: one an instance, and one for the span.
    """
    tokens = n_characters / 4
    return n_gradients * _OVERHEAD_SECONDS + 6 * n_weights * tokens / _FLOPS
