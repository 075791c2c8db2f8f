"""Choose a side-by-side study, or create one from two pairs that answered the same instructions."""

from dataclasses import dataclass

import streamlit as st

from itlim.annotation.protocol import checked_study, has_role, people_from, study_id_of
from itlim.annotation.side_by_side import plan_comparisons
from itlim.errors import InputError
from itlim.records import Comparison, Role, SideBySide, Study
from itlim.store.comparisons import (
    answered_by_both,
    answering_pairs,
    create_side_by_side,
    side_by_side_studies,
)
from itlim.store.studies import delete_study, has_marks
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.drafts import draft_key, draft_saved
from itlim.ui.shared.marking.study import choose_study
from itlim.ui.shared.people import names_field
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.public import limited

DEFAULT_PAIRS = ("demo-sft", "demo-lft")
MAX_ITEMS = 2000
_TITLE = "new_comparison_title"
"""Name of the title, which is a draft until the study is created."""


def choose_side_by_side() -> Study | None:
    """The study in the URL or from the list; None if there is none."""
    return choose_study(side_by_side_studies(services.store()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """The chosen pairs and the instructions that both answered."""

    a: str
    b: str
    found: list[Comparison]

    @property
    def n_same(self) -> int:
        return sum(one.text_a == one.text_b for one in self.found)


def new_side_by_side_form(by: str) -> None:
    """Draw the form; a new study is opened."""
    with shown_errors():
        title = limited(
            st.text_input,
            "Title",
            key=draft_key(_TITLE),
            persist_state="session",
            placeholder="Full fine-tuning vs. LoRA",
        ).strip()
        pairs = _choose_pairs()
        if pairs is None:
            return
        first, second, third = st.columns(3)
        n_items = first.number_input(
            "Instructions", 1, MAX_ITEMS, 40, help="Drawn at random with the seed."
        )
        k = second.number_input("Judges per item", 1, 9, 2, help="Maximum number of judges.")
        seed = third.number_input(
            "Seed",
            0,
            10**6,
            0,
            help="Determines which instructions are drawn and which response is on the left.",
        )
        people = _choose_people(by)
        _list_items(pairs, int(n_items), int(seed))
        if not st.button("Create study", type="primary", key="create_side_by_side"):
            return
        if not title:
            raise InputError("The study has no title: enter one.")
        study = checked_study(
            Study(
                study_id=study_id_of(title),
                title=title,
                annotators_per_item=int(k),
                seed=int(seed),
                people=people,
            )
        )
        _make(study, pairs, int(n_items), by)


def _make(study: Study, pairs: _Pairs, n_items: int, by: str) -> None:
    items = plan_comparisons(pairs.found, study, n_items=n_items)
    compared = SideBySide(
        pair_a=pairs.a, pair_b=pairs.b, n_both=len(pairs.found), n_same=pairs.n_same
    )
    create_side_by_side(services.store(), study, compared, items, by=by)
    draft_saved(_TITLE)
    st.toast(f"Study created: {plural(len(items), 'instruction')}.", icon=":material/check_circle:")
    write_view(study=study.study_id, item=None)
    st.rerun()


def _choose_pairs() -> _Pairs | None:
    """Let the visitor choose two pairs with answers; show a message if there are fewer."""
    counts = answering_pairs(services.store())
    names = list(counts)
    if len(names) < 2:
        st.info(
            f"Two pairs with stored answers are required; {plural(len(names), 'pair')} found. Ask "
            "two models the same question on **Ask**.",
            icon=":material/note_stack:",
        )
        return None
    wanted = DEFAULT_PAIRS if set(DEFAULT_PAIRS) <= set(names) else (names[0], names[1])
    left, right = st.columns(2)
    chosen = [
        column.selectbox(
            label,
            names,
            index=names.index(default),
            format_func=lambda name: f"{name} ({counts[name]:,} answers)",
        )
        for column, label, default in (
            (left, "First pair", wanted[0]),
            (right, "Second pair", wanted[1]),
        )
    ]
    found = answered_by_both(services.store(), *chosen)
    pairs = _Pairs(a=chosen[0], b=chosen[1], found=found)
    st.caption(
        f"{plural(len(found), 'instruction')} answered by both, {len(found) - pairs.n_same:,} of "
        "them differently. Identical responses are excluded."
    )
    return pairs


def _choose_people(by: str) -> dict[str, Role]:
    """Let the visitor name people for each role."""
    left, right = st.columns(2)
    with left:
        judges = names_field(
            "People who judge", [], key="new_judges", help="If empty, everybody can judge."
        )
    with right:
        adjudicators = names_field(
            "People who also see which model is which",
            [by],
            key="new_judge_adjudicators",
            help="You are the admin, who always sees it.",
        )
    return people_from(annotators=judges, adjudicators=adjudicators, admins=[by])


def _list_items(pairs: _Pairs, n_items: int, seed: int) -> None:
    """Draw the instructions that the study will have, before it is created."""
    drawn = plan_comparisons(pairs.found, Study(study_id="", title="", seed=seed), n_items=n_items)
    with st.expander(f"{plural(len(drawn), 'instruction')} will be judged"):
        st.dataframe({"instruction": [one.instruction for one in drawn]}, hide_index=True)


def delete_unjudged(study: Study, person: str) -> None:
    """Draw a button that deletes a study, for its admins and while nobody has judged."""
    if not has_role(study, person, Role.ADMIN) or has_marks(services.store(), study.study_id):
        return
    with st.popover("Delete this study", icon=":material/delete:"):
        st.text(study.title)
        if st.button("Delete", type="primary", key="delete_side_by_side"):
            with shown_errors():
                delete_study(services.store(), study.study_id)
                write_view(study=None, item=None)
                st.rerun()
