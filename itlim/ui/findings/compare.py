"""Two pairs side by side on the instructions that both answered."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from itlim.charts.differences import difference_intervals
from itlim.charts.findings import finding_intervals
from itlim.errors import InputError
from itlim.findings.answers import PairAnswers, marks_name
from itlim.findings.borrowing import borrowed_answers
from itlim.findings.comparison import Comparison, compare_pairs
from itlim.findings.estimates import Estimate
from itlim.findings.kept import findings_key
from itlim.findings.likeness import likeness_findings
from itlim.findings.outcomes import judged_outcomes, marked_outcomes
from itlim.library import Library
from itlim.ui.findings.computing import Choice, computed
from itlim.ui.findings.details import finding_table, table_buttons
from itlim.ui.findings.figures import saved_figure
from itlim.ui.findings.flips import flips_section
from itlim.ui.findings.work import FindingsWork
from itlim.ui.shared import services
from itlim.ui.shared.permalink import joined_names, names_in, write_view
from itlim.ui.shared.plain_text import plain_caption, show_note

OUTCOMES_TITLE = "Which of the two hallucinates, and where? (Fig. 6)"
LIKENESS_TITLE = "How alike are the answers? (Table 9)"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What is known about two pairs."""

    comparison: Comparison
    outcomes: list[Estimate]
    """Cases of Figure 6."""
    likeness: list[Estimate]
    instructions: dict[str, str]
    """What was asked, by run."""


def compared_pairs(address: str | None, names: Sequence[str]) -> list[str]:
    """The two pairs in an address; the first two of all if it does not name two that are known."""
    asked = names_in(address)
    return asked if len(asked) == 2 and set(asked) <= set(names) else list(names[:2])


def comparison(work: FindingsWork, library: Library, choice: Choice) -> Compared | None:
    """Draw the comparison of two pairs, which are in the address; None without one."""
    names = list(dict.fromkeys([*work.answers, *library.variants]))
    if len(names) < 2:
        st.info("Choose at least two pairs above.", icon=":material/compare_arrows:")
        return None
    st.subheader("Two pairs on the same instructions")
    given = compared_pairs(st.query_params.get("versus"), names)
    left, right = st.columns(2)
    first = left.selectbox("First pair", names, index=names.index(given[0]), key="first_pair")
    second = right.selectbox("Second pair", names, index=names.index(given[1]), key="second_pair")
    write_view(versus=joined_names([first, second]) if [first, second] != names[:2] else None)
    if first == second:
        st.info("Choose two different pairs.", icon=":material/compare_arrows:")
        return None
    further = [name for name in (first, second) if name not in work.answers]
    more = computed(library, further, choice, slot="versus") if further else work
    if more is None:
        return None
    answers = {**work.answers, **more.answers}
    if first not in answers or second not in answers:
        show_note("One of the two pairs has no answer with this tag and length.")
        return None
    return _compared(answers[first], answers[second])


def _compared(first: PairAnswers, second: PairAnswers) -> Compared | None:
    try:
        numbers = _numbers((findings_key(first), findings_key(second)), first, second)
    except InputError as error:
        show_note(str(error))
        return None
    both = (*first.answers, *second.answers)
    instructions = {one.run_id: one.instruction for one in both}
    _draw(numbers.comparison, instructions)
    return Compared(
        comparison=numbers.comparison,
        outcomes=_outcomes(
            numbers.outcomes, judged_outcomes(services.store(), first.pair, second.pair)
        ),
        likeness=_likeness(numbers.likeness),
        instructions=instructions,
    )


@dataclass(frozen=True, kw_only=True)
class _Numbers:
    """What is computed from the answers of two pairs."""

    comparison: Comparison
    outcomes: list[Estimate]
    likeness: list[Estimate]


@st.cache_data(show_spinner="Comparing the answers …", max_entries=20)
def _numbers(keys: tuple[str, str], _first: PairAnswers, _second: PairAnswers) -> _Numbers:
    """The numbers about two pairs; `keys` stand for the answers, which cannot be hashed quickly."""
    borrowed = {**borrowed_answers(_first), **borrowed_answers(_second)}
    return _Numbers(
        comparison=compare_pairs(_first, _second, borrowed),
        outcomes=marked_outcomes(_first, _second),
        likeness=likeness_findings(_first, _second),
    )


def _draw(found: Comparison, instructions: dict[str, str]) -> None:
    plain_caption(
        "Means over answers, so that short and long answers count alike. Intervals are 95% BCa "
        "bootstrap intervals (scipy), each for its own measure. An interval has no width if all "
        "differences are equal."
    )
    show_note(found.sentence, icon=":material/compare_arrows:")
    saved_figure(
        difference_intervals(found.differences, theme=services.theme()),
        key="comparison",
        alt=found.sentence,
    )
    table = pd.DataFrame(
        [
            {
                "measure": one.measure,
                found.first: one.first,
                found.second: one.second,
                "difference": one.difference,
                "low": one.ci_low,
                "high": one.ci_high,
                "unit": one.unit,
                "n": one.n,
                "marks": marks_name(one.marks),
            }
            for one in found.differences
        ]
    )
    st.dataframe(table, hide_index=True)
    table_buttons(table, stem="differences")
    flips_section(found, instructions)


def _outcomes(marked: list[Estimate], judged: list[Estimate]) -> list[Estimate]:
    """Figure 6: from marks, and from side-by-side studies; the two are drawn apart."""
    st.subheader(OUTCOMES_TITLE)
    for title, found, key in (
        ("From marked phrases", marked, "marked"),
        ("As people judged them side by side", judged, "judged"),
    ):
        st.markdown(f"**{title}**")
        if any(one.value is not None for one in found):
            saved_figure(
                finding_intervals(found, theme=services.theme()),
                key=f"outcomes_{key}",
                alt=f"{title}: shares of the cases of Figure 6; the table has the numbers.",
            )
            finding_table(found, key=f"findings_table_outcomes_{key}")
        else:
            show_note(found[0].missing)
    return [*marked, *judged]


def _likeness(found: list[Estimate]) -> list[Estimate]:
    st.subheader(LIKENESS_TITLE)
    saved_figure(
        finding_intervals(found, theme=services.theme()),
        key="likeness",
        alt="Share of words that both answers contain; the table has the numbers.",
    )
    finding_table(found, key="findings_table_likeness")
    return found
