"""One answer whose models are behind servers: text, what each column is, tokens and exports."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from itlim.components.tokens.remote_text import remote_html
from itlim.records import RemoteRun, ResponseRun
from itlim.remote.documents import remote_summary, remote_to_csv, remote_to_json
from itlim.remote.statements import ColumnStatement, Exactness, column_statements
from itlim.text.messages import plural
from itlim.ui.ask.base_beside import no_base_beside
from itlim.ui.ask.question import next_step, question
from itlim.ui.shared import services
from itlim.ui.shared.export_buttons import Format, export_buttons
from itlim.ui.shared.plain_text import plain_caption

_SHOWN = (
    *("position", "text", "category", "emitted_prob", "emitted_tuned_prob", "emitted_rank"),
    *("emitted_rank_decided", "base_rank", "kl_tuned_base_at_least", "kl_base_tuned_at_least"),
)


def show_remote(run: RemoteRun, answer: ResponseRun) -> None:
    """Draw the answer; the first lines say what the figures are and what is missing.

    Args:
        run: the answer with its figures.
        answer: the same answer as other pages know it, without figures.
    """
    question(run.instruction, run.input)
    plain_caption(f"Answer from {run.pair}. Base: {run.base}. Tuned: {run.tuned}.")
    with st.container(border=True):
        st.html(remote_html(run, services.theme()))
    plain_caption(_counted(run))
    statements = column_statements(run.tokens)
    groups: dict[str, list[str]] = {}
    for one in sorted(statements, key=lambda one: list(Exactness).index(one.exactness)):
        heading = _UNLISTED if one.is_unlisted else _HEADINGS[one.exactness]
        groups.setdefault(heading, []).append(one.name)
    for heading, names in groups.items():
        plain_caption(f"{heading}: {'; '.join(names).rstrip('.')}.")
    for notice in run.notices:
        plain_caption(notice)
    no_base_beside(f"the base ({run.base}) scored this answer and did not answer itself.")
    next_step(answer)
    with st.expander("What each column is", key="remote-columns", bind="query-params"):
        st.dataframe(_statement_table(statements), hide_index=True)
    with st.expander("Tokens", key="remote-tokens", bind="query-params"):
        st.dataframe(run.tokens.select(_SHOWN).to_pandas(), hide_index=True)
        st.caption("An empty cell is missing. Bounds are in nats, ranks are 1-based.")
    with st.expander("Export", key="export-box", bind="query-params"):
        export_buttons(
            [
                Format("JSON", "json", "application/json", lambda: remote_to_json(run)),
                Format("CSV", "csv", "text/csv", lambda: remote_to_csv(run)),
            ],
            stem=f"itlim-{run.run_id}",
            key="export",
        )
    with st.expander("Provenance", key="provenance", bind="query-params"):
        plain_caption(
            f"{run.pair} · template {run.template} · {run.decoding} · {run.finish_reason} · "
            f"{run.created_at:%Y-%m-%d %H:%M} UTC"
        )
        plain_caption(
            f"Most probable tokens per position: base {_granted(run.base_top_k)}, tuned "
            f"{_granted(run.tuned_top_k)}."
        )
        plain_caption(f"run {run.run_id} · itlim {run.itlim_version}")


_HEADINGS = {
    Exactness.EXACT: "Exact",
    Exactness.UP_TO_TIES: "Exact up to ties",
    Exactness.LOWER_BOUND: "Lower bounds, which no mean and no finding includes",
    Exactness.MISSING: "Missing, because they need the probabilities of all tokens",
}
_UNLISTED = "Missing, because the servers did not list the tokens that they are about"


def _counted(run: RemoteRun) -> str:
    summary = remote_summary(run)
    parts = [f"{one['count']} {name}" for name, one in summary["categories"].items()]
    if summary["n_unknown"]:
        parts.append(f"{summary['n_unknown']} of unknown category")
    return f"{plural(summary['n_tokens'], 'token')}: {', '.join(parts)}."


def _granted(top_k: int | None) -> str:
    return "all, a local model" if top_k is None else str(top_k)


def _statement_table(statements: Sequence[ColumnStatement]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "figure": one.name,
                "is": str(one.exactness),
                "tokens": f"{one.n_given} of {one.n_tokens}",
                "note": one.note,
                "column": one.column,
            }
            for one in statements
        ]
    )
