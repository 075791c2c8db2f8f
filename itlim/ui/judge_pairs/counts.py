"""Counts of the categories, as in the paper's Figure 6, and agreement of the judges."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from itlim.annotation.comparing import Opinion, opinions_of, outcomes_of
from itlim.annotation.protocol import has_role
from itlim.annotation.side_by_side import (
    Outcomes,
    choice_agreement,
    neutral_names,
    outcome_of,
    tallies,
)
from itlim.charts import contrast_shares
from itlim.records import Model, Role, SheetStatus, SideBySide, Study
from itlim.store.comparisons import compared_pairs, comparisons_of
from itlim.store.queue import progress_of
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.figure import show_figure
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.services import theme

Opinions = Mapping[tuple[str, str], Opinion]


def show_counts(study: Study, person: str) -> None:
    """Draw the figure for adjudicators and for people who have finished."""
    with shown_errors():
        is_adjudicator = has_role(study, person, Role.ADJUDICATOR)
        progress = progress_of(services.store(), study, person)
        if not is_adjudicator and progress.left + progress.open:
            st.info(
                "The counts are hidden until you have judged all items, to avoid bias.",
                icon=":material/visibility_off:",
            )
            return
        opinions = opinions_of(services.store(), study.study_id)
        outcomes = outcomes_of(opinions)
        if not outcomes:
            st.info(
                "Nothing has been judged yet. Start under **Judge**.", icon=":material/bar_chart:"
            )
            return
        compared = compared_pairs(services.store(), study.study_id)
        names = _names(study, compared, is_adjudicator)
        _figure(outcomes, names)
        _agreement(outcomes)
        st.caption(_counts_text(outcomes, opinions, compared))
        if is_adjudicator:
            with st.expander("All judgments", key="judgments", bind="query-params"):
                st.dataframe(_rows(study, opinions, names), hide_index=True)


def _names(study: Study, compared: SideBySide, is_adjudicator: bool) -> dict[Model, str]:
    """Names of the models; their real names only for adjudicators, on request."""
    hidden = neutral_names(study)
    if is_adjudicator and st.toggle("Show which model is which", key=f"names-{study.study_id}"):
        names = {Model.A: compared.pair_a, Model.B: compared.pair_b}
        # In the order of the neutral names, so that each model keeps its color.
        return {model: names[model] for model in hidden}
    return hidden


def _figure(outcomes: Outcomes, names: Mapping[Model, str]) -> None:
    counted = tallies(outcomes)
    counts = "; ".join(
        f"{one.outcome.contrast.replace('_', ' ')}"
        f"{' (' + names[one.outcome.model] + ')' if one.outcome.model else ''}: "
        f"{one.count} of {one.n}"
        for one in counted
    )
    show_figure(
        contrast_shares(counted, names, theme=theme()),
        key="contrast-shares",
        alt=f"Judgments by category. {counts}",
    )


def _agreement(outcomes: Outcomes) -> None:
    found = choice_agreement(outcomes)
    if found.percent.value is None:
        st.caption(f"Agreement is undefined: {found.percent.undefined}.")
        return
    first, second, third = st.columns(3)
    first.metric("Agreeing pairs", f"{found.percent.value:.0%}", border=True)
    ac1 = found.ac1.value
    second.metric(
        "Gwet's AC1", "undefined" if ac1 is None else f"{ac1:.2f}".replace("-", "−"), border=True,
        help="Agreement beyond chance, on eight outcomes: five categories, three of which concern "
        "one model.",
    )  # fmt: skip
    third.metric("Judged by two or more", plural(found.n_items, "instruction"), border=True,
                 help=f"Number of judges: {found.n_people}.")  # fmt: skip


def _counts_text(outcomes: Outcomes, opinions: Opinions, compared: SideBySide) -> str:
    n_items = len({item for item, _ in outcomes})
    n_people = len({person for _, person in outcomes})
    skipped = sum(one.status is SheetStatus.SKIPPED for one in opinions.values())
    people = f"{n_people} {'people' if n_people != 1 else 'person'}"
    return (
        f"{plural(len(outcomes), 'judgment')} of {plural(n_items, 'instruction')} by {people}; "
        f"{skipped} skipped. Whiskers: 95% Wilson intervals at n = {n_items}, because judgments of "
        f"one instruction depend on each other. Both models answered "
        f"{plural(compared.n_both, 'instruction')}; {compared.n_same} with identical responses are "
        "excluded."
    )


def _rows(study: Study, opinions: Opinions, names: Mapping[Model, str]) -> pd.DataFrame:
    instructions = {
        one.item_id: one.instruction for one in comparisons_of(services.store(), study.study_id)
    }
    rows = []
    for (item_id, who), opinion in opinions.items():
        if opinion.choice is None:
            continue
        outcome = outcome_of(opinion.choice)
        rows.append(
            {
                "instruction": instructions.get(item_id, item_id),
                "judge": who,
                "category": outcome.contrast.replace("_", " "),
                "about": names[outcome.model] if outcome.model else "both",
                "note": opinion.choice.note,
            }
        )
    return pd.DataFrame(rows)
