"""How likely a phrase is under models that were tuned without something."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from itlim.charts import style
from itlim.components.palette import PALETTES, Palette, Theme
from itlim.records.retrainings import Arm, ArmKind, RetrainExperiment

_SYMBOLS = {ArmKind.FULL: "diamond", ArmKind.CHOSEN: "square", ArmKind.CONTROL: "circle-open"}
_NAMES = {
    ArmKind.FULL: "full model",
    ArmKind.CHOSEN: "without the chosen",
    ArmKind.CONTROL: "without as many random ones",
}


def phrase_survival(
    experiment: RetrainExperiment, *, n_tokens: int, theme: Theme = "light"
) -> go.Figure:
    """Log-probability of the phrase under each model, with what it lost against the full one.

    Args:
        experiment: with its arms.
        n_tokens: tokens of the phrase, for the axis.
        theme: light or dark.
    """
    palette = PALETTES[theme]
    figure = go.Figure()
    labels = arm_labels(experiment)
    for kind in ArmKind:
        arms = [(label, arm) for label, arm in zip(labels, experiment.arms, strict=True)
                if arm.kind is kind]  # fmt: skip
        if arms:
            _points(figure, experiment, arms, kind, palette)
    low = min(arm.logp for arm in experiment.arms)
    high = max(arm.logp for arm in experiment.arms)
    room = max(0.5, 0.35 * (high - low))
    figure.add_vline(
        x=experiment.full.logp, line={"color": palette.muted, "width": 1, "dash": "dot"}
    )
    style.dress(figure, palette, height=130 + 36 * len(labels))
    figure.update_layout(clickmode="none", dragmode=False, margin={"t": 44, "r": 24})
    plural = "s" if n_tokens != 1 else ""
    figure.update_xaxes(
        title=f"log p of the phrase, nats; n = {n_tokens} token{plural}, summed",
        range=[low - 0.2 * room, high + room],
        fixedrange=True,
    )
    return figure.update_yaxes(
        categoryorder="array",
        categoryarray=labels[::-1],
        range=[-0.6, len(labels) - 0.4],
        showgrid=False,
        fixedrange=True,
        ticklabelstandoff=8,
    )


def arm_labels(experiment: RetrainExperiment) -> list[str]:
    """A short name for each model, in their order."""
    n = len(experiment.question.instance_ids)
    chosen = experiment.question.instance_ids[0] if n == 1 else f"{n} chosen"
    labels = ["full model", f"without {chosen}"]
    labels += [
        f"control {place}: without {arm.instance_ids[0] if n == 1 else f'{n} random'}"
        for place, arm in enumerate(experiment.controls, start=1)
    ]
    # plotly reads labels as HTML.
    return [escape(label) for label in labels]


def _points(
    figure: go.Figure,
    experiment: RetrainExperiment,
    arms: Sequence[tuple[str, Arm]],
    kind: ArmKind,
    palette: Palette,
) -> None:
    colour = {
        ArmKind.FULL: palette.text,
        ArmKind.CHOSEN: palette.tuned,
        ArmKind.CONTROL: palette.base,
    }[kind]
    for label, arm in arms:
        figure.add_scatter(
            x=[experiment.full.logp, arm.logp],
            y=[label, label],
            mode="lines",
            line={"color": colour, "width": 3},
            hoverinfo="skip",
            showlegend=False,
        )
    figure.add_scatter(
        x=[arm.logp for _, arm in arms],
        y=[label for label, _ in arms],
        mode="markers",
        name=_NAMES[kind],
        marker={"symbol": _SYMBOLS[kind], "size": 12, "color": colour}
        | {"line": {"color": colour, "width": 2}},
        cliponaxis=False,
        hovertemplate="%{y}<br>log p %{x:.3f} nats<extra></extra>",
    )
    figure.add_scatter(
        # Right of both ends, where no line runs.
        x=[max(arm.logp, experiment.full.logp) for _, arm in arms],
        y=[label for label, _ in arms],
        mode="text",
        text=[f"\u2003\u2003{_said(experiment, arm)}" for _, arm in arms],
        textposition="middle right",
        textfont={"color": palette.text, "size": 13},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _said(experiment: RetrainExperiment, arm: Arm) -> str:
    stays = "gone" if arm.phrase_gone else "survives"
    # A true minus, as wide as the plus.
    number = f"{arm.logp:.2f}".replace("-", "\u2212")
    if arm.kind is ArmKind.FULL:
        return f"{number} · {'not said' if arm.phrase_gone else 'said'}"
    change = f"{-experiment.drop(arm):+.2f}".replace("-", "\u2212")
    return f"{number} ({change}) · {stays}"
