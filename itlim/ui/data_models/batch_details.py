"""Tables of one batch: its pairs, its failures, and what its process printed."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from itlim.batch.folders import LOG_FILE, BatchFolder
from itlim.batch.progress import BatchProgress
from itlim.batch.report import FailedItem

_FAILURES_SHOWN = 200
_LOG_LINES = 40


def pairs_table(progress: BatchProgress) -> None:
    """The number of answers of each pair, finished and failed ones, and the time per answer."""
    st.dataframe(
        pd.DataFrame(
            {
                "pair": [one.pair for one in progress.pairs],
                "answers": [one.total for one in progress.pairs],
                "finished": [one.finished for one in progress.pairs],
                "failed": [one.failed for one in progress.pairs],
                # A text, so that a pair without answers has an empty cell.
                "s per answer": [
                    f"{one.seconds / one.answered:.2f}" if one.answered else ""
                    for one in progress.pairs
                ],
            }
        ),
        hide_index=True,
        column_config={
            "s per answer": st.column_config.TextColumn(
                help="Seconds per answer since the batch was started or resumed, with loading "
                "the models.",
            )
        },
    )


def show_failures(failed: Sequence[FailedItem]) -> None:
    """The rows without an answer, with their reasons; nothing if there are none."""
    if not failed:
        return
    with st.expander(
        f"{len(failed):,} failed", icon=":material/error:", key="failed", bind="query-params"
    ):
        st.dataframe(
            pd.DataFrame(
                {
                    "line": [one.line for one in failed[:_FAILURES_SHOWN]],
                    "item": [one.item for one in failed[:_FAILURES_SHOWN]],
                    "pair": [one.pair or "every pair" for one in failed[:_FAILURES_SHOWN]],
                    "reason": [one.reason for one in failed[:_FAILURES_SHOWN]],
                }
            ),
            hide_index=True,
            column_config={"reason": st.column_config.TextColumn(width="large")},
        )
        if len(failed) > _FAILURES_SHOWN:
            st.caption(
                f"The first {_FAILURES_SHOWN}. The file out/manifest.json of the batch has all."
            )


def show_log(batch: BatchFolder) -> None:
    """The last lines that the process printed, if any."""
    path = batch.folder / LOG_FILE
    lines = path.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:] if path.exists() else []
    if lines:
        with st.expander(
            "Log of the process", icon=":material/terminal:", key="log", bind="query-params"
        ):
            st.code("\n".join(lines), language=None, wrap_lines=True)
