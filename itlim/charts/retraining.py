"""The log-probability of a phrase under models tuned without some instances."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from itlim.charts import style
from itlim.components.palette import PALETTES, Palette, Theme
from itlim.records.retrainings import Arm, ArmKind, RetrainExperiment
from itlim.text.messages import plural

_SYMBOLS = {ArmKind.FULL: "diamond", ArmKind.CHOSEN: "square", ArmKind.CONTROL: "circle-open"}
_NAMES = {
    ArmKind.FULL: "full model",
    ArmKind.CHOSEN: "without the chosen instances",
    ArmKind.CONTROL: "without as many random instances",
}


def phrase_survival(
    experiment: RetrainExperiment, *, n_tokens: int, theme: Theme = "light"
) -> go.Figure:
    """Log-probability of the phrase under each model, and its change from the full model.

    Args:
        experiment: a finished experiment.
        n_tokens: number of tokens of the phrase, for the axis title.
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
    style.apply_layout(figure, palette, height=130 + 36 * len(labels))
    figure.update_layout(clickmode="none", dragmode=False, margin={"t": 44, "r": 24})
    figure.update_xaxes(
        title=f"Log-probability of the phrase, summed over {plural(n_tokens, 'token')} (nats)",
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
    """A short name for each model, in the order of the arms."""
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
    color = {
        ArmKind.FULL: palette.text,
        ArmKind.CHOSEN: palette.tuned,
        ArmKind.CONTROL: palette.base,
    }[kind]
    for label, arm in arms:
        figure.add_scatter(
            x=[experiment.full.logp, arm.logp],
            y=[label, label],
            mode="lines",
            line={"color": color, "width": 3},
            hoverinfo="skip",
            showlegend=False,
        )
    figure.add_scatter(
        x=[arm.logp for _, arm in arms],
        y=[label for label, _ in arms],
        mode="markers",
        name=_NAMES[kind],
        marker={"symbol": _SYMBOLS[kind], "size": 12, "color": color}
        | {"line": {"color": color, "width": 2}},
        cliponaxis=False,
        hovertemplate="%{y}<br>log-probability %{x:.3f} nats<extra></extra>",
    )
    figure.add_scatter(
        # To the right of both ends, so that the text does not overlap the line.
        x=[max(arm.logp, experiment.full.logp) for _, arm in arms],
        y=[label for label, _ in arms],
        mode="text",
        text=[f"\u2003\u2003{_arm_text(experiment, arm)}" for _, arm in arms],
        textposition="middle right",
        textfont={"color": palette.text, "size": 13},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _arm_text(experiment: RetrainExperiment, arm: Arm) -> str:
    outcome = "gone" if arm.phrase_gone else "survives"
    # A typographic minus, as wide as the plus sign.
    number = f"{arm.logp:.2f}".replace("-", "\u2212")
    if arm.kind is ArmKind.FULL:
        return f"{number} · phrase {'absent' if arm.phrase_gone else 'present'}"
    change = f"{-experiment.drop(arm):+.2f}".replace("-", "\u2212")
    return f"{number} ({change}) · {outcome}"
