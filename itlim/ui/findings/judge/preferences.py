"""Which of two pairs a judge prefers, asked in both orders."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from itlim.charts.findings import finding_intervals
from itlim.store.ratings import load_preferences
from itlim.text.messages import plural
from itlim.ui.findings.details import case, finding_table, table_buttons
from itlim.ui.findings.figures import saved_figure
from itlim.ui.findings.judge.cases import raw_reply
from itlim.ui.findings.judge.importing_preferences import import_preferences
from itlim.ui.findings.judge.numbers import compared_preferences
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import plain_caption, show_note


def preferences(pairs: Sequence[str]) -> None:
    """Draw the shares of preferences between two of the chosen pairs, and the import of others."""
    _between(pairs)
    import_preferences()


def _between(pairs: Sequence[str]) -> None:
    if len(pairs) < 2:
        show_note("Choose at least two pairs above.", icon=":material/compare_arrows:")
        return
    left, middle, right = st.columns(3)
    one = str(
        left.selectbox("First pair", pairs, index=0, key="preferred_first", bind="query-params")
    )
    other = str(
        middle.selectbox("Second pair", pairs, index=1, key="preferred_second", bind="query-params")
    )
    first, second = sorted((one, other))
    rows = load_preferences(services.store(), first, second).to_pylist()
    judges = list(dict.fromkeys(row["judge"] for row in rows))
    if not judges:
        show_note(
            "No preference between these pairs is stored. Ask a judge under Ask or import, or "
            "import published preferences below.",
            icon=":material/gavel:",
        )
        return
    judge = right.selectbox("Judge", judges, key="preferring_judge", bind="query-params")
    mine = [row for row in rows if row["judge"] == judge]
    _shares(mine, first, second)
    st.subheader("Beside another judge")
    if len(judges) == 1:
        show_note("Only one judge has compared these pairs: published preferences count as one.")
        return
    others = [one for one in judges if one != judge]
    other = str(
        st.selectbox("Compare with", others, key="other_preferring_judge", bind="query-params")
    )
    finding_table(
        compared_preferences(
            mine, [row for row in rows if row["judge"] == other], names=f"{judge} and {other}"
        ),
        key="judge_two_preferences",
    )


def _shares(rows: Sequence[Mapping[str, Any]], first: str, second: str) -> None:
    from itlim.remedies.preferences import preference_shares

    n_unread = sum(row["preference"] is None for row in rows)
    plain_caption(
        f"{plural(len(rows), 'comparison')}, {n_unread:,} without a verdict in both orders (left "
        "out, not a tie). A preference counts if both orders agree on it."
    )
    found = preference_shares(rows, first, second)
    if found[0].value is None:
        show_note(found[0].missing)
    else:
        saved_figure(
            finding_intervals(found, theme=services.theme()),
            key="judge_preferences",
            alt="Shares of preferences, ties and consistent verdicts; the table has the numbers.",
        )
        finding_table(found, key="judge_preference_shares")
    _comparisons(rows, first, second)


def _comparisons(rows: Sequence[Mapping[str, Any]], first: str, second: str) -> None:
    names = {"first": first, "second": second, "tie": "tie", None: None}
    st.subheader("All comparisons")
    frame = pd.DataFrame(
        [
            {
                "instruction": row["instruction"],
                "preference": names[row["preference"]],
                f"{first} shown first": names[row["in_order"]],
                f"{second} shown first": names[row["reversed"]],
                "problem": row["problem"],
            }
            for row in rows
        ]
    )
    picked = st.dataframe(
        frame, hide_index=True, placeholder="", on_select="rerun", selection_mode="single-row",
        key="judge_comparisons",
    ).selection.rows  # fmt: skip
    plain_caption("Select a row for both answers and the judge's replies.")
    table_buttons(frame, stem="judge-preferences")
    for at in picked:
        if at < len(rows):
            _both(rows[at])


def _both(row: Mapping[str, Any]) -> None:
    for column, side, raw, title in zip(
        st.columns(2),
        ("first", "second"),
        (row["raw_in_order"], row["raw_reversed"]),
        ("Reply with this answer shown first",) * 2,
        strict=True,
    ):
        with column, st.container(border=True):
            st.text(row[f"pair_{side}"])
            case(row[f"run_{side}"], key=f"compared-{side}")
            raw_reply(raw, title)
