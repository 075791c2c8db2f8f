"""Simplify the responses of a dataset, by rules or through a server with the paper's prompt.

The prompt is that of Figure 10 of the paper (arXiv 2402.05119), word for word.
"""

from dataclasses import replace
from pathlib import Path

from itlim.datasets.lineage import FailedRow
from itlim.endpoints.settings import EndpointSettings
from itlim.errors import CancelledError, EndpointError
from itlim.progress import Cancelled, StepProgress
from itlim.remedies.chat import Usage
from itlim.remedies.deriving import Derived, DerivedRow, Parent
from itlim.remedies.kept_replies import KeptReplies
from itlim.remedies.rewriting import TEMPERATURE, ask, filled, host_of, query_of
from itlim.remedies.simplify_rules import RULES_VERSION, SimplifyRules, simplified

PROMPT_VERSION = "paper-figure-10/1"
_BETWEEN_REPORTS = 256
_PROMPT = Path(__file__).with_name("simplify_prompt.txt").read_text(encoding="utf-8").rstrip("\n")


def simplified_by_rules(
    parent: Parent,
    rules: SimplifyRules,
    *,
    progress: StepProgress | None = None,
    cancelled: Cancelled = lambda: False,
) -> Derived:
    """Every row with its response simplified by rules; none is left out.

    Raises:
        CancelledError: `cancelled` returned True.
    """
    rows = []
    instances = parent.rows()
    for place, row in enumerate(instances):
        if place % _BETWEEN_REPORTS == 0:
            if cancelled():
                raise CancelledError("Simplifying was canceled.")
            if progress is not None:
                progress(place, len(instances), "Simplifying")
        short = simplified(row["instruction"], row["response"], rules)
        rows.append(DerivedRow.of(row, response=short))
    return Derived(
        operation="simplify",
        method="Simplified by offline rules, without a model: they drop formulas, later sentences "
        "and list items, and shorten phrases; they do not know what is true or helpful.",
        version=RULES_VERSION,
        rows=rows,
        settings={"sentences": rules.sentences, "items": rules.items},
    )


def simplify_prompt(query: str, response: str) -> str:
    """The paper's prompt for one response; texts are inserted as they are."""
    return filled(_PROMPT, {"instruction": query, "response": response})


def simplify_plan(settings: EndpointSettings) -> Derived:
    """How a server simplifies, without rows."""
    return Derived(
        operation="simplify",
        method="Simplified by a model with the prompt of the paper's Figure 10.",
        version=PROMPT_VERSION,
        rows=(),
        settings={"temperature": TEMPERATURE},
        model=settings.model,
        host=host_of(settings),
    )


def simplified_by_server(
    parent: Parent,
    settings: EndpointSettings,
    kept: KeptReplies,
    *,
    progress: StepProgress | None = None,
    cancelled: Cancelled = lambda: False,
    usage: Usage | None = None,
) -> tuple[Derived, Usage]:
    """Every row with the model's simplified response; a failed reply is never a row.

    `usage` receives the tokens of each reply as it arrives.

    Raises:
        CancelledError: `cancelled` returned True; replies up to then are kept.
        EndpointSetupError: key, address or model is wrong.
    """
    usage = Usage() if usage is None else usage
    instances = parent.rows()
    prompts = [simplify_prompt(query_of(row), row["response"]) for row in instances]
    replies = ask(settings, prompts, kept, usage, progress=progress, cancelled=cancelled)
    rows, failed = [], []
    for row, reply in zip(instances, replies, strict=True):
        if isinstance(reply, EndpointError):
            failed.append(FailedRow(instance_id=row["instance_id"], reason=str(reply)))
        else:
            rows.append(DerivedRow.of(row, response=reply))
    return replace(simplify_plan(settings), rows=rows, failed=failed), usage
