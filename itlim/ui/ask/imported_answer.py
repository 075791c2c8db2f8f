"""One answer that was imported without its models: text, next step and exports."""

import streamlit as st

from itlim.components.tokens.response_document import response_document
from itlim.export import run_to_csv, run_to_json, run_to_parquet
from itlim.records import NO_MEASURES, ResponseRun
from itlim.ui.ask.base_beside import no_base_beside
from itlim.ui.ask.question import next_step, question
from itlim.ui.shared.export_buttons import Format, export_buttons
from itlim.ui.shared.plain_text import plain_caption


def show_imported(run: ResponseRun) -> None:
    """Draw the answer; what needs token measures is replaced by one sentence."""
    question(run.instruction, run.input)
    plain_caption(f"Answer from {run.pair}")
    with st.container(border=True):
        # st.text, because a model's text is not Markdown.
        st.text(run.response)
    st.info(
        f"{NO_MEASURES} To measure it with a pair of models, press **Score** above: the form "
        "contains this answer.",
        icon=":material/info:",
    )
    no_base_beside(
        "this answer was imported without its models, so its base model is unknown. Press Score "
        "with a pair that has the same base to get its answer."
    )
    next_step(run)
    with st.expander("Export", key="export-box", bind="query-params"):
        export_buttons(
            [
                Format("HTML", "html", "text/html", lambda: response_document(run)),
                Format("JSON", "json", "application/json", lambda: run_to_json(run)),
                Format("CSV", "csv", "text/csv", lambda: run_to_csv(run)),
                Format(
                    "Parquet", "parquet", "application/octet-stream", lambda: run_to_parquet(run)
                ),
            ],
            stem=f"itlim-{run.run_id}",
            key="export",
        )
    with st.expander("Provenance", key="provenance", bind="query-params"):
        plain_caption(f"{run.pair} · imported {run.created_at:%Y-%m-%d %H:%M} UTC")
        plain_caption(f"run {run.run_id} · origin {run.origin} · itlim {run.itlim_version}")
