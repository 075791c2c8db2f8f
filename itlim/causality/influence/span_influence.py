"""Influence of given instances on one span, for the page and the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from itlim.errors import ContextLengthError, InputError
from itlim.progress import Cancelled, StepProgress
from itlim.records import Candidate, Trace
from itlim.text.messages import plural

if TYPE_CHECKING:
    from itlim.causality.influence.gradients import Target
    from itlim.causality.influence.parameters import ParameterChoice
    from itlim.models.pair import LoadedPair
    from itlim.training.encoding import EncodedInstance

_FLOPS = 2e10
"""Conservative speed of one CPU core; forward and backward need six per weight and token."""
_OVERHEAD_SECONDS = 0.05
"""Minimum time per gradient, even for a very small model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceInfluence:
    """First-order influence of one instance on the span; see `Influences`."""

    cosine: float
    dot: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanInfluence:
    """The influence of some instances on one span."""

    by_instance: Mapping[str, InstanceInfluence]
    """By instance id, in the given order."""
    left_out: tuple[str, ...]
    """Ids of instances that exceed the model's context, so tuning cannot have used them whole."""
    parameters: str
    """The weights that were compared: all, last-layer, adapter or projection."""
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
        loaded: pair with the tuned model and the template used in tuning.
        span: target from `span_target`.
        instances: columns instance_id, instruction, input and response.
        parameters: weights to compare; None chooses by kind and size of the model.
        progress: see `influences`.
        cancelled: see `influences`.

    Raises:
        InputError: every instance is too long, or there is none; see also `influences`.
    """
    # Imported here so that torch is loaded only when gradients are computed.
    from itlim.causality.influence.gradient_products import influences
    from itlim.causality.influence.parameters import ParameterChoice

    encoded, left_out = _encoded(loaded, instances)
    if not encoded:
        raise InputError(
            f"{plural(len(instances), 'instance')} given, none of which fits into the model's "
            f"context of {loaded.context_length} tokens: choose other instances."
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
    """The instances encoded as in tuning, and the ids of those that are too long."""
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
    """The candidates of a trace as a table of instances for `span_influence`."""
    names = ("instance_id", "instruction", "input", "response")
    return pa.table(
        {name: pa.array([getattr(one, name) for one in candidates], pa.string()) for name in names}
    )


def with_influence(trace: Trace, found: Mapping[str, InstanceInfluence], parameters: str) -> Trace:
    """Add the influence of its candidates to a trace and rank them again.

    The cosine is added to the score with the trace's weight for influence. Candidates that were
    not measured keep their score. `entropy` still describes the other parts of the score.

    Args:
        trace: trace from `trace_span`.
        found: influence by instance id.
        parameters: the weights that were compared, in words.
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
    # The sort is stable, so a weight of 0 keeps the original order.
    measured.sort(key=lambda one: -one.score)
    ranked = tuple(replace(one, rank=rank) for rank, one in enumerate(measured, start=1))
    return replace(trace, candidates=ranked, influence=parameters)


def expected_seconds(n_weights: float, n_characters: float, n_gradients: int) -> float:
    """Estimate, before any model is loaded, how long the gradients take on a CPU.

    Args:
        n_weights: number of weights of the whole model, which runs forward and backward.
        n_characters: length of the texts; about four characters per token.
        n_gradients: one per instance and one for the span.
    """
    tokens = n_characters / 4
    return n_gradients * _OVERHEAD_SECONDS + 6 * n_weights * tokens / _FLOPS
