"""Simplify and evolve through the configured server: settings, first prompt, and cost."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from itlim.endpoints.settings import EndpointSettings
from itlim.progress import Cancelled, StepProgress
from itlim.remedies.chat import Usage
from itlim.remedies.cost import CostEstimate
from itlim.remedies.derive_cost import evolve_cost, simplify_cost
from itlim.remedies.deriving import Derived, Parent, check_free, replies_path
from itlim.remedies.evolving import EvolveOperation, evolve_plan, evolve_prompt, evolved_by_server
from itlim.remedies.kept_replies import KeptReplies
from itlim.remedies.rewriting import query_of
from itlim.remedies.simplifying import simplified_by_server, simplify_plan, simplify_prompt
from itlim.ui.data_models.derive_work import Asked, Chosen
from itlim.ui.shared.endpoint import chosen_endpoint


def configured_server() -> EndpointSettings | None:
    """Draw the server and its settings; None, explained on the page, if there is none."""
    return chosen_endpoint(key="derive", what="server", model_label="Model")


def simplify_by_server(settings: EndpointSettings, sample: Parent) -> Chosen:
    """Simplifying with the paper's prompt."""

    def make(
        parent: Parent, out: Path, usage: Usage, progress: StepProgress, cancelled: Cancelled
    ) -> Derived:
        kept = _replies(out, parent, simplify_plan(settings))
        return simplified_by_server(
            parent, settings, kept, progress=progress, cancelled=cancelled, usage=usage
        )[0]

    first = sample.rows()[0]
    return Chosen(
        suffix="simplified",
        make=make,
        asked=Asked(
            settings=settings,
            prompt=simplify_prompt(query_of(first), first["response"]),
            requests_per_row=1,
            cost=simplify_cost,
            cost_depends_on=("simplify",),
        ),
    )


def evolve_by_server(
    settings: EndpointSettings,
    sample: Parent,
    operations: Sequence[EvolveOperation],
    seed: int,
) -> Chosen:
    """Evolving with the prompts of Evol-Instruct."""

    def make(
        parent: Parent, out: Path, usage: Usage, progress: StepProgress, cancelled: Cancelled
    ) -> Derived:
        kept = _replies(out, parent, evolve_plan(settings, operations, seed))
        return evolved_by_server(
            parent, settings, kept, operations, seed,
            progress=progress, cancelled=cancelled, usage=usage,
        )[0]  # fmt: skip

    def cost(rows: Iterable[Mapping[str, Any]]) -> CostEstimate:
        return evolve_cost(rows, operations, seed)

    return Chosen(
        suffix="evolved",
        make=make,
        asked=Asked(
            settings=settings,
            prompt=evolve_prompt(operations[0], query_of(sample.rows()[0])),
            requests_per_row=2,
            cost=cost,
            cost_depends_on=("evolve", *operations, str(seed)),
        ),
    )


def _replies(out: Path, parent: Parent, plan: Derived) -> KeptReplies:
    """Earlier replies, once it is clear that the result can be written."""
    check_free(out, parent, plan)
    return KeptReplies(replies_path(out))
