"""The figures of a run: thresholds, summary and charts, folded until someone asks for them."""

from typing import Any

import pyarrow.compute as pc
import streamlit as st

from itlim import charts
from itlim.components.tokens.metrics import metric_for
from itlim.measures import DEFAULT_MEASURE, MEASURES, Measure, measure
from itlim.records import Run, Thresholds
from itlim.schema import ShiftCategory
from itlim.shift.counts import CategoryCounts, category_counts
from itlim.shift.sentences import head_and_rest, sentence_ranges
from itlim.text.messages import plural
from itlim.ui.shared.figure import show_figure
from itlim.ui.shared.mounts.tokens import Focus
from itlim.ui.shared.permalink import View, write_view
from itlim.ui.shared.services import theme


def choose_thresholds(view: View) -> Thresholds:
    """Draw the slider for the base ranks that bound the categories; the choice is in the URL."""
    limits = view.thresholds
    marginal, shifted = st.slider(
        "Color from base rank: yellow above · orange above",
        min_value=1,
        max_value=20,
        value=(limits.marginal_above, limits.shifted_above),
        help="A token is marginal (yellow) if the base model ranks the tuned model's top token "
        "below the first number, shifted (orange) if below the second. The paper uses 1 and 3.",
    )
    default = Thresholds()
    write_view(
        marginal=marginal if marginal != default.marginal_above else None,
        shifted=shifted if shifted != default.shifted_above else None,
    )
    as_in_paper = (marginal, shifted) == (default.marginal_above, default.shifted_above)
    st.caption("1 and 3, as in the paper." if as_in_paper else "The paper uses 1 and 3.")
    return Thresholds(marginal_above=marginal, shifted_above=shifted)


def summary(run: Run, thresholds: Thresholds) -> None:
    """Draw the summary table; each value has its n."""
    counted = category_counts(run.tokens, thresholds)
    kept = run.tokens.filter(pc.invert(run.tokens["is_eos"]))
    sentences = head_and_rest(run.tokens)
    rows = {
        f"{category}": f"{counted.counts[category]} of {counted.n} ({_share(counted, category)})"
        for category in ShiftCategory
    }
    for one in MEASURES:
        if one.headline:
            rows[f"mean {one.name}"] = _amount(pc.mean(kept[one.column]).as_py(), one)
    main = measure(DEFAULT_MEASURE)
    rows[f"first 5% of {plural(len(sentences.heads), 'sentence')}"] = _amount(sentences.head, main)
    rows["remaining 95%"] = _amount(sentences.rest, main)
    st.table(rows, border="horizontal")
    st.caption(
        "KL: Kullback–Leibler divergence, in nats (natural-log units) per token. The "
        "end-of-sequence token is not counted."
    )


def _share(counted: CategoryCounts, category: ShiftCategory) -> str:
    share = counted.share(category)
    return "undefined: no tokens" if share is None else f"{share:.0%}"


def _amount(value: float | None, of: Measure) -> str:
    """None if there is nothing to average."""
    return "undefined" if value is None else f"{value:.3f} {of.unit}"


def clicked_in_chart(run: Run) -> Focus | None:
    """The token that the reader clicked in the chart along the response."""
    chart: Any = st.session_state.get(f"along-{run.run_id}")
    points = chart["selection"]["points"] if chart else []
    position = charts.clicked_position(points)
    return None if position is None else Focus(position=position, rev=position + 1)


def show_charts(run: Run, thresholds: Thresholds, metric: str) -> None:
    """Draw the measure that colors the text: along the response, its distribution, by sentence."""
    st.caption(
        f"{metric_for(metric).title}. The charts show the measure that colors the text; for the "
        "shift category, they show the KL divergence."
    )
    along, spread, heads = st.tabs(
        ["Along the response", "Distribution", "Sentence starts"],
        key="plots",
        bind="query-params",
    )
    with along:
        show_figure(
            charts.metric_along_positions(
                run.tokens,
                metric,
                thresholds=thresholds,
                sentences=sentence_ranges(run.tokens),
                theme=theme(),
            ),
            key=f"along-{run.run_id}",
            on_select="rerun",
            selection_mode="points",
        )
        st.caption("Click a point to jump to its token above.")
    with spread:
        left, right = st.columns(2)
        runs = {run.pair: run.tokens}
        with left:
            show_figure(charts.metric_distribution(runs, metric, theme=theme()))
        with right:
            show_figure(charts.metric_ecdf(runs, metric, theme=theme()))
    with heads:
        _sentence_heads(run, metric)


def _sentence_heads(run: Run, metric: str) -> None:
    found = head_and_rest(run.tokens, metric)
    left, right = st.columns([1, 1.2])
    with left:
        show_figure(
            charts.head_against_rest(
                [
                    charts.HeadAgainstRest(
                        label=run.pair, head=found.heads.tolist(), rest=found.rests.tolist()
                    )
                ],
                metric=metric,
                theme=theme(),
            ),
        )
    right.markdown(
        "Compares the first 5% of each sentence's tokens (at least one) with the others, as in "
        "the paper's Figure 4. A single response gives no interval; the **Findings** page "
        "compares many."
    )
