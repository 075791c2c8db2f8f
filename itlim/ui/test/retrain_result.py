"""A finished retraining experiment: verdict, chart, answers side by side, exports."""

import streamlit as st

from itlim.causality.retraining.document import experiment_to_csv, experiment_to_json
from itlim.causality.retraining.verdict import bound_sentence, phrase_range, verdict
from itlim.charts.retraining import arm_labels, phrase_survival
from itlim.components.tokens.payload import Layer, model_label, token_payload
from itlim.components.trace.verbatim_marks import token_range
from itlim.records import Run, Thresholds
from itlim.records.retrainings import Arm, ArmKind, RetrainExperiment
from itlim.store.retrainings import retrainings_of_run
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.export_buttons import Format, export_buttons
from itlim.ui.shared.figure import show_figure
from itlim.ui.shared.ground_truth import GroundTruth
from itlim.ui.shared.mounts.tokens import token_legend, token_view
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import plain_line
from itlim.ui.shared.services import theme
from itlim.ui.shared.tracing.response import TRACED_LAYER

GROUP = "lab-retrain"
_MAX_EARLIER = 20


def show_experiment(experiment: RetrainExperiment, run: Run, truth: GroundTruth) -> None:
    """Draw a finished experiment.

    Args:
        experiment: the experiment.
        run: the run whose answer it tests.
        truth: says whether an answer is right, where that is known.
    """
    st.subheader("Does the phrase survive?", divider="gray")
    plain_line(f"“{experiment.question.quote}”")
    st.markdown(f"**{as_markdown(verdict(experiment))}**")
    _reservations(experiment)
    token_range_of_span = token_range(
        run.tokens, experiment.question.span_start, experiment.question.span_stop
    )
    n_tokens = token_range_of_span[1] - token_range_of_span[0] if token_range_of_span else 0
    show_figure(
        phrase_survival(experiment, n_tokens=n_tokens, theme=theme()),
        key="retrain-plot",
        alt=verdict(experiment),
    )
    st.caption(
        "Log-probability of the phrase in the stored answer (teacher forcing), in nats "
        "(natural-log units), with the change from the full model in brackets. Under the untuned "
        f"base it is {_signed(experiment.base_logp)} nats."
    )
    token_legend(key="retrain-legend", thresholds=Thresholds(), group=GROUP)
    arms = list(enumerate(experiment.arms))
    for first in range(0, len(arms), 3):
        for column, (position, arm) in zip(st.columns(3), arms[first : first + 3], strict=False):
            with column, st.container(border=True):
                _answer(experiment, position, arm, run, truth)
    _exports(experiment)


def _reservations(experiment: RetrainExperiment) -> None:
    """Show the reservations that apply to the verdict."""
    if not experiment.repeats_run:
        st.warning(
            "Retuned on this machine, the full model does not repeat the stored answer: another "
            "CPU or torch version rounds differently. The models below still differ from each "
            "other only in their instances.",
            icon=":material/casino:",
        )
    gone = any(arm.phrase_gone for arm in experiment.controls)
    if experiment.controls and experiment.chosen.phrase_gone and not gone:
        st.caption(bound_sentence(len(experiment.controls)))


def _answer(
    experiment: RetrainExperiment, position: int, arm: Arm, run: Run, truth: GroundTruth
) -> None:
    label = arm_labels(experiment)[position]
    with st.container(horizontal=True, vertical_alignment="center"):
        plain_line(label, width="content")
        st.markdown(_badge(arm), width="content")
        right = truth.is_right(experiment.question.instruction, arm.answer)
        if right is not None:
            st.markdown(":gray-badge[right]" if right else ":gray-badge[wrong]", width="content")
    tokens = arm.tokens
    found = None if arm.phrase_gone else phrase_range(experiment.question.quote, arm.answer)
    covered = token_range(tokens, *found) if found else None
    layers = (
        [Layer(id="phrase", start=covered[0], stop=covered[1], kind=TRACED_LAYER,
               label="the phrase")]
        if covered
        else []
    )  # fmt: skip
    token_view(
        token_payload(
            tokens,
            doc=f"{experiment.experiment_id}-{position}",
            base_name=model_label(run.base_model),
            tuned_name=label,
        ),
        key=f"retrain-{experiment.experiment_id}-{position}",
        thresholds=Thresholds(),
        layers=layers,
        compact=True,
        group=GROUP,
        label=f"Tokens of the answer {label}",
        height=240,
    )
    if arm.kind is not ArmKind.FULL and not arm.answer_changed:
        st.caption("Same answer as the full model, word for word.")


def _badge(arm: Arm) -> str:
    if arm.kind is ArmKind.FULL:
        return (
            ":gray-badge[without the phrase]" if arm.phrase_gone else ":gray-badge[with the phrase]"
        )
    # Neutral: that a phrase is not repeated does not make the new answer right.
    return ":gray-badge[not repeated]" if arm.phrase_gone else ":gray-badge[repeated]"


def _exports(experiment: RetrainExperiment) -> None:
    made = f"{experiment.created_at:%Y-%m-%d %H:%M} UTC"
    by = f" by {experiment.author}" if experiment.author else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        plain_line(
            f"Retraining {experiment.experiment_id} · {experiment.recipe} from the base "
            f"{experiment.base_sha256[:8]} · controls drawn with seed {experiment.question.seed} · "
            f"{experiment.seconds:.0f} s · {made}{by}",
            width="stretch",
        )
        formats = [
            Format("JSON", "json", "application/json", lambda: experiment_to_json(experiment)),
            Format("CSV", "csv", "text/csv", lambda: experiment_to_csv(experiment)),
        ]
        stem = f"itlim-retraining-{experiment.experiment_id}"
        export_buttons(formats, stem=stem, key="export-retraining")


def show_earlier(run: Run, *, opened: str | None) -> None:
    """List the other stored experiments on this answer, each with a button that opens it."""
    found = [
        one
        for one in retrainings_of_run(services.store(), run.run_id)
        if one.experiment_id != opened
    ]
    if not found:
        return
    with st.expander(
        f"Earlier retrainings of this answer ({len(found)})", key="earlier", bind="query-params"
    ):
        for one in found[:_MAX_EARLIER]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button("Open", key=f"open-{one.experiment_id}", on_click=_open, args=(one,))
                plain_line(_line(one), width="stretch")
        if len(found) > _MAX_EARLIER:
            st.caption(f"Older retrainings that are not listed: {len(found) - _MAX_EARLIER}")


def _line(one: RetrainExperiment) -> str:
    n = len(one.question.instance_ids)
    without = one.question.instance_ids[0] if n == 1 else f"{n} instances"
    outcome = "gone" if one.chosen.phrase_gone else "survives"
    gone = sum(arm.phrase_gone for arm in one.controls)
    change = _signed(-one.drop(one.chosen))
    return (
        f"“{one.question.quote}” without {without}: {outcome} ({change} nats); "
        f"gone in {gone} of {plural(len(one.controls), 'control')} · "
        f"{one.created_at:%Y-%m-%d %H:%M} UTC"
    )


def _signed(number: float) -> str:
    """Format with a sign; U+2212 is as wide as the plus."""
    return f"{number:+.2f}".replace("-", "\u2212")


def _open(one: RetrainExperiment) -> None:
    question = one.question
    write_view(span=f"{question.span_start}-{question.span_stop}", retraining=one.experiment_id)
