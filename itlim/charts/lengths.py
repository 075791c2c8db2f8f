"""Distributions of lengths as boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from itlim.charts import style
from itlim.components.palette import PALETTES, Theme
from itlim.findings.profiles import Lengths


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthBox:
    """One box: the responses of a dataset, or the answers of a pair."""

    label: str
    lengths: Lengths
    n: int
    is_dataset: bool
    """Datasets are hatched in the legend's sense: a square mean instead of a circle."""


def length_boxes(boxes: Sequence[LengthBox], *, theme: Theme = "light") -> go.Figure:
    """Words per response: boxes from quartile to quartile, whiskers from 5% to 95%.

    Args:
        boxes: top to bottom.
        theme: light or dark.
    """
    palette = PALETTES[theme]
    figure = go.Figure()
    for is_dataset, name, color in (
        (True, "responses of the tuning dataset", palette.base),
        (False, "answers of the tuned model", palette.tuned),
    ):
        mine = [(place, box) for place, box in enumerate(boxes) if box.is_dataset == is_dataset]
        if not mine:
            continue
        at = [box.lengths.percentiles for _, box in mine]
        figure.add_box(
            name=name,
            orientation="h",
            y=[place for place, _ in mine],
            lowerfence=[one[0] for one in at],
            q1=[one[1] for one in at],
            median=[one[2] for one in at],
            q3=[one[3] for one in at],
            upperfence=[one[4] for one in at],
            mean=[box.lengths.mean for _, box in mine],
            boxmean=True,
            line={"color": color},
            fillcolor=style.translucent(color),
            whiskerwidth=0.5,
            width=0.6,
        )
    style.apply_layout(figure, palette, height=130 + 44 * len(boxes))
    figure.update_layout(clickmode="none", dragmode=False)
    figure.update_xaxes(
        title_text="words (box: quartiles, dashed: mean, whiskers: 5% to 95%)",
        rangemode="tozero",
        fixedrange=True,
    )
    return figure.update_yaxes(
        tickvals=list(range(len(boxes))),
        ticktext=[f"{escape(box.label)}<br>n = {box.n:,}" for box in boxes],
        range=[len(boxes) - 0.5, -0.5],
        showgrid=False,
        fixedrange=True,
    )
