"""What the parts about several pairs and about datasets add to the exports of the page."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import plotly.graph_objects as go

from itlim.charts.differences import difference_intervals
from itlim.charts.lengths import length_boxes
from itlim.components.palette import Theme
from itlim.components.report import ReportSection
from itlim.findings.answers import marks_name
from itlim.findings.comparison import Comparison
from itlim.findings.comparison_rows import comparison_estimates, flip_rows, flip_sentence
from itlim.findings.estimates import Estimate
from itlim.findings.profile_rows import profile_estimates
from itlim.findings.profiles import DatasetProfile
from itlim.ui.findings.compare import LIKENESS_TITLE, OUTCOMES_TITLE, Compared
from itlim.ui.findings.datasets import Profiles, profile_row
from itlim.ui.findings.recipes import Recipes, table_row
from itlim.ui.findings.report import finding_section, report_figure


@dataclass(frozen=True, slots=True, kw_only=True)
class PartReport:
    """What a part adds to the exports."""

    rows: Sequence[Estimate] = ()
    """For the files with all numbers."""
    sections: Callable[[], Sequence[ReportSection]] = tuple
    """For the HTML report; figures are drawn only when it is written."""


def comparison_report(compared: Compared) -> PartReport:
    """Differences, the sentence, flips, the cases of Figure 6, and likeness."""
    return PartReport(
        rows=[
            *comparison_estimates(compared.comparison),
            *compared.outcomes,
            *compared.likeness,
        ],
        sections=lambda: list(_comparison(compared)),
    )


def _comparison(compared: Compared) -> Iterator[ReportSection]:
    found = compared.comparison
    yield ReportSection(
        title=found.sentence,
        figures=[report_figure("Paired differences", "differences", partial(_differences, found))],
        header=("measure", found.first, found.second, "difference", "low", "high", "unit", "n",
                "marks"),
        rows=[
            (one.measure, one.first, one.second, one.difference, one.ci_low, one.ci_high, one.unit,
             one.n, marks_name(one.marks))
            for one in found.differences
        ],
    )  # fmt: skip
    rows = flip_rows(found, compared.instructions)
    for flips in found.flips:
        mine = [one for one in rows if one["property"] == flips.kind]
        yield ReportSection(
            title=flip_sentence(found, flips),
            header=("only", "instruction", f"run of {found.first}", f"run of {found.second}"),
            rows=[
                (one["only"], one["instruction"], one["run_first"], one["run_second"])
                for one in mine
            ]
            or [("no flips", None, None, None)],
        )
    yield finding_section(OUTCOMES_TITLE, compared.outcomes)
    yield finding_section(LIKENESS_TITLE, compared.likeness)


def _differences(found: Comparison, theme: Theme) -> go.Figure:
    return difference_intervals(found.differences, theme=theme)


def recipes_report(drawn: Sequence[Recipes], known: Sequence[str]) -> PartReport:
    """The two measures along an axis.

    Args:
        drawn: what is on screen.
        known: pairs whose numbers are exported already.
    """
    rows = [row.estimate for one in drawn for row in one.rows if row.estimate.pair not in known]
    return PartReport(
        rows=list({(one.pair, one.finding_id): one for one in rows}.values()),
        sections=lambda: [_recipe(one) for one in drawn],
    )


def _recipe(drawn: Recipes) -> ReportSection:
    table = [table_row(one) for one in drawn.rows]
    return ReportSection(
        title=drawn.title,
        figures=[report_figure(drawn.title, str(drawn.axis), drawn.figure)] if drawn.points else [],
        header=list(table[0]) if table else (),
        rows=[list(row.values()) for row in table],
    )


def profiles_report(drawn: Profiles) -> PartReport:
    """Sizes, lengths, tasks, topics and first words of each dataset."""
    return PartReport(
        rows=[row for one in drawn.profiles for row in profile_estimates(one)],
        sections=lambda: list(_profiles(drawn)),
    )


def _profiles(drawn: Profiles) -> Iterator[ReportSection]:
    if not drawn.profiles:
        return
    title = "The tuning datasets"
    table = [profile_row(one) for one in drawn.profiles]
    yield ReportSection(
        title=title,
        figures=[
            report_figure(title, "words", lambda theme: length_boxes(drawn.boxes, theme=theme))
        ],
        header=list(table[0]),
        rows=[list(row.values()) for row in table],
    )
    for one in drawn.profiles:
        yield ReportSection(
            title=f"Tasks, topics and first words of {one.name}",
            header=("kind", "value", "instances", "percent"),
            rows=list(_counts(one)),
        )


def _counts(one: DatasetProfile) -> Iterator[tuple[object, ...]]:
    for kind, counts in (
        (f"task ({one.task_column})", one.tasks),
        (f"topic ({one.topic_column})", one.topics),
        ("first word of the instruction", one.first_words),
    ):
        for value, n in counts:
            yield kind, value, n, round(100 * n / one.n, 1)
