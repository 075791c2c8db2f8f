"""The response while it is generated: phase, growing tokens, and a stop button."""

import streamlit as st

from itlim.components.tokens.feed import TokenFeed
from itlim.components.tokens.payload import model_label
from itlim.records import Thresholds
from itlim.ui.shared.live_run import LiveRun
from itlim.ui.shared.mounts.tokens import token_view

POLL_SECONDS = 0.25


def live_view(live: LiveRun, *, key: str, thresholds: Thresholds, compact: bool = False) -> None:
    """Draw a live run until it is done, then rerun the page once."""
    pair = live.asked.request.pair
    # A new feed per script run, since the browser may then draw a new view; polls continue it.
    feed = TokenFeed(
        doc=f"live-{live.asked.id}",
        base_name=model_label(pair.base.path),
        tuned_name=model_label(pair.tuned_source.path),
    )

    @st.fragment(run_every=POLL_SECONDS)
    def poll() -> None:
        growing = live.inspection.growing if live.inspection else None
        payload = feed.next(growing) if growing else None
        if live.live_unavailable_reason:
            st.info(live.live_unavailable_reason, icon=":material/info:")
        if payload is None:
            st.progress(min(1.0, live.fraction), text=live.phase)
        else:
            token_view(
                payload,
                key=f"{key}-live",
                streaming=not live.done,
                thresholds=thresholds,
                compact=compact,
                fold=True,
                on_gap=feed.restart,
            )
        if live.done:
            st.rerun(scope="app")
        # A key can stop only one run; side by side, each has its own button.
        shortcut = None if compact else "Escape"
        st.button("Stop", key=f"{key}-stop", on_click=live.cancel, shortcut=shortcut)

    poll()
