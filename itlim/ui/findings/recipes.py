"""One finding over pairs of several kinds, dataset sizes, model sizes and LoRA ranks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from itlim.charts.recipes import RecipePoint, rating_lines, recipe_figure
from itlim.components.palette import Theme
from itlim.findings.estimates import Estimate
from itlim.findings.paper import ASPECTS, ratings
from itlim.findings.recipes import PAPER_RANKS, Axis, RecipeRow, recipe_rows
from itlim.library import Library
from itlim.records import TUNING_KINDS
from itlim.ui.findings.details import table_buttons
from itlim.ui.findings.figures import saved_figure
from itlim.ui.shared import services
from itlim.ui.shared.permalink import joined_names, names_in, write_view
from itlim.ui.shared.plain_text import plain_caption, show_note

MEASURES: Mapping[str, str] = {
    "kl_mean": "mean KL(tuned ‖ base)",
    "accuracy": "answers with the known answer",
    "marked_answers": "answers with a phrase marked as wrong",
    "share_unshifted": "unshifted tokens",
    "share_marginal": "marginal tokens",
    "share_shifted": "shifted tokens",
    "base_prob_mean": "base probability",
    "base_rank_mean": "base rank",
    "answer_words": "words per answer",
    "judge_score": "mean score of a judging model",
    "causal_share": "marked phrases judged causal (Fig. 8)",
}
_ALL = "All datasets"
_LEFT, _RIGHT = "kl_mean", "accuracy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipes:
    """One finding of several pairs along an axis."""

    title: str
    axis: Axis
    rows: Sequence[RecipeRow]

    @property
    def points(self) -> list[RecipePoint]:
        """The pairs whose number and place are known."""
        return [
            RecipePoint(
                group=one.group(self.axis),
                kind=one.facts.kind,
                at=one.at(self.axis) or "",
                estimate=one.estimate,
            )
            for one in self.rows
            if one.estimate.value is not None and one.at(self.axis) is not None
        ]

    @property
    def _columns(self) -> Sequence[str]:
        """The names on an axis of names; none for an axis of numbers."""
        if self.axis is Axis.DATASET:
            return sorted({str(one.at) for one in self.points})
        return TUNING_KINDS if self.axis is Axis.KIND else ()

    def figure(self, theme: Theme) -> go.Figure:
        """The points with their intervals."""
        return recipe_figure(
            self.points,
            axis_title=str(self.axis),
            kinds=self._columns,
            theme=theme,
        )


def compared_pairs(library: Library, pairs: Sequence[str]) -> list[str]:
    """The pairs of this part: by default the chosen ones and the variants of their families."""
    families = {
        family.name
        for name in pairs
        if (pair := library.known_pairs.get(name)) is not None
        and (family := library.family_of(pair.tuned_source.path)) is not None
    }
    variants = [
        name
        for name, pair in library.variants.items()
        if (family := library.family_of(pair.tuned_source.path)) and family.name in families
    ]
    default = list(dict.fromkeys([*pairs, *variants]))
    options = list(dict.fromkeys([*default, *library.variants]))
    asked = [one for one in names_in(st.query_params.get("compared")) if one in options]
    chosen = st.multiselect(
        "Pairs in these figures",
        options,
        default=asked or default,
        key="compared_pairs",
        help="Variants are further models of the shipped families: other numbers of tuning "
        "instances, short responses, and a larger base.",
    )
    write_view(compared=joined_names(chosen) if chosen != default else None)
    return chosen


def recipes(library: Library, found: Mapping[str, Sequence[Estimate]]) -> list[Recipes]:
    """Draw two measures against one axis, which are returned, and the paper's ratings."""
    st.subheader("By kind of tuning, dataset size and model size")
    axis = Axis(
        st.segmented_control(
            "By",
            [str(one) for one in Axis],
            default=str(Axis.INSTANCES),
            required=True,
            key="by",
            bind="query-params",
        )
    )
    drawn = []
    for column, key, default in zip(
        st.columns(2), ("measure", "measure2"), (_LEFT, _RIGHT), strict=True
    ):
        with column:
            drawn.append(_measure(library, found, axis, key=key, default=default))
    plain_caption(
        "Lines connect pairs of one family and base that differ in nothing else that is known. "
        "Intervals are 95% bootstrap intervals over instructions, those of 0% and 100% Wilson's."
    )
    _paper_ratings()
    return drawn


def _measure(
    library: Library,
    found: Mapping[str, Sequence[Estimate]],
    axis: Axis,
    *,
    key: str,
    default: str,
) -> Recipes:
    measure = str(
        st.selectbox(
            "Measure",
            list(MEASURES),
            index=list(MEASURES).index(default),
            format_func=MEASURES.__getitem__,
            key=key,
            bind="query-params",
        )
    )
    drawn = Recipes(
        title=f"{MEASURES[measure]} by {axis}",
        axis=axis,
        rows=recipe_rows(library, found, measure),
    )
    if drawn.points:
        saved_figure(
            drawn.figure(services.theme()),
            key=f"recipe_{key}",
            alt=f"{drawn.title}; the table has the numbers.",
        )
    for sentence in missing_sentences(drawn.rows, axis):
        show_note(sentence)
    with st.expander(
        f"All numbers: {MEASURES[measure]}", key=f"numbers-{key}-{measure}", bind="query-params"
    ):
        table = pd.DataFrame([table_row(one) for one in drawn.rows])
        st.dataframe(table, hide_index=True)
        table_buttons(table, stem=f"recipes-{key}-{measure}")
    return drawn


def missing_sentences(rows: Sequence[RecipeRow], axis: Axis) -> list[str]:
    """What the figure cannot show: kinds and ranks without a pair, and undefined values."""
    sentences = []
    known = [one for one in rows if one.estimate.value is not None]
    places = {one.at(axis) for one in known}
    if axis is Axis.KIND:
        absent = [kind for kind in TUNING_KINDS if kind not in places]
        sentences += [f"No pair of this kind: {', '.join(absent)}."] if absent else []
    if axis is Axis.RANK:
        ranks = [str(rank) for rank in PAPER_RANKS if rank not in places]
        sentences += [f"No pair with rank {', '.join(ranks)}."] if ranks else []
    if axis is Axis.RESPONSE_WORDS:
        unknown = [one.pair for one in known if one.at(axis) is None]
        if unknown:
            sentences.append(
                f"The length of the tuning responses of {', '.join(unknown)} is unknown: their "
                "dataset is unknown or has no index."
            )
    if axis is Axis.DATASET:
        unknown = [one.pair for one in known if one.at(axis) is None]
        sentences += [f"Unknown for {', '.join(unknown)}."] if unknown else []
    if axis in (Axis.INSTANCES, Axis.PARAMETERS):
        unknown = [one.pair for one in known if one.at(axis) is None]
        if unknown:
            sentences.append(
                f"Unknown for {', '.join(unknown)}: state it in the library file "
                "(instances, parameters)."
            )
    undefined = [one for one in rows if one.estimate.value is None]
    for reason in dict.fromkeys(one.estimate.missing for one in undefined):
        names = ", ".join(one.pair for one in undefined if one.estimate.missing == reason)
        sentences.append(f"{names}: {reason}")
    return sentences


def table_row(one: RecipeRow) -> dict[str, object]:
    """A pair's facts and number, by column of the table."""
    return {
        "pair": one.pair,
        "kind": one.facts.kind,
        "instances": one.facts.instances,
        "parameters": one.facts.parameters,
        "rank": one.facts.rank,
        "dataset": one.facts.dataset,
        "value": one.estimate.value,
        "low": one.estimate.ci_low,
        "high": one.estimate.ci_high,
        "unit": one.estimate.unit,
        "n": f"{one.estimate.n:,} {one.estimate.of}" if one.estimate.n else one.estimate.missing,
    }


def _paper_ratings() -> None:
    """The paper's own ratings by dataset size (Figs. 2, 3), which no accuracy replaces."""
    st.subheader("The paper's ratings")
    plain_caption(
        "Mean GPT-4 ratings of Tables 13 to 15, without intervals. They are not the accuracy above."
    )
    known = ratings()
    columns = st.columns(4)
    sizes: dict[str, set[int]] = {}
    for one in known:
        sizes.setdefault(one.dataset, set()).add(one.instances)
    datasets = [name for name, of in sizes.items() if len(of) > 1]
    dataset = columns[0].selectbox(
        "Tuning dataset",
        [*datasets, _ALL],
        index=datasets.index("Alpaca"),
        key="rated_dataset",
        bind="query-params",
    )
    aspect = columns[1].selectbox("Aspect", ASPECTS, index=ASPECTS.index("factuality"),
                                  key="aspect", bind="query-params")  # fmt: skip
    mine = [one for one in known if dataset in (one.dataset, _ALL) and one.aspect == aspect]
    test = columns[2].selectbox("Test set", list(dict.fromkeys(one.test_set for one in mine)),
                                key="rated_test", bind="query-params")  # fmt: skip
    mine = [one for one in mine if one.test_set == test]
    model = columns[3].selectbox("Model", list(dict.fromkeys(one.model for one in mine)),
                                 key="rated_model", bind="query-params")  # fmt: skip
    saved_figure(
        rating_lines([one for one in mine if one.model == model], theme=services.theme()),
        key="paper_ratings",
        alt=f"The paper's mean rating of {aspect} by size of "
        f"{'each dataset' if dataset == _ALL else dataset}, one line per recipe.",
    )
