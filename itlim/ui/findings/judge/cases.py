"""The answers behind a number of a judge: score, reason, and its reply as it was."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from itlim.findings.estimates import Estimate
from itlim.records.ratings import Aspect
from itlim.ui.findings.details import MAX_CASES, case
from itlim.ui.shared.plain_text import plain_caption


def rating_cases(
    one: Estimate, rows: Sequence[Mapping[str, Any]], aspects: Sequence[Aspect]
) -> None:
    """Draw how a mean is computed and its answers, the lowest scores first.

    Args:
        one: the mean.
        rows: the ratings that it is the mean of, and those without a score.
        aspects: the aspects that count.
    """
    scored = [row for row in rows if any(row[aspect] is not None for aspect in aspects)]
    scored.sort(key=lambda row: sum(row[aspect] or 0 for aspect in aspects))
    failed = [row for row in rows if row not in scored]
    with st.container(border=True):
        st.markdown("##### How it is computed")
        plain_caption(f"{one.pair}, {one.claim}. {one.computed}")
        shown = scored[:MAX_CASES]
        st.markdown(f"**Cases** ({len(shown)} of {len(scored):,}, lowest scores first)")
        for row in shown:
            rated_answer(row, aspects, key=f"rated-{one.finding_id}")
        if failed:
            st.markdown(f"**Without a score** ({len(failed):,})")
            for row in failed[:MAX_CASES]:
                rated_answer(row, aspects, key=f"failed-{one.finding_id}")


def rated_answer(row: Mapping[str, Any], aspects: Sequence[Aspect], *, key: str) -> None:
    """Draw an answer with scores and reasons; all texts are shown as they are."""
    with st.container(border=True):
        case(row["run_id"], key=f"{key}-{row['run_id']}")
        for aspect in aspects:
            if row[aspect] is not None:
                reason = row[f"{aspect}_reason"] or "no reason given"
                plain_caption(f"{aspect} {row[aspect]} of 5: {reason}")
        if row["problem"]:
            plain_caption(f"Status {row['status']}: {row['problem']}")
        raw_reply(row["raw"])


def raw_reply(raw: str | None, title: str = "Reply of the judge") -> None:
    """Draw a judge's reply as plain text, folded."""
    if raw is None:
        plain_caption("No reply is stored.")
        return
    with st.expander(title):
        st.code(raw, language=None, wrap_lines=True)
