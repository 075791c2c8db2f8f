"""Agreement between annotators, with n, unit and interval next to every figure."""

import pandas as pd
import streamlit as st

from itlim.annotation.agreement.layers import LayerAgreement
from itlim.annotation.agreement.positions import PositionAgreement
from itlim.annotation.agreement.report import AgreementReport, format_figure
from itlim.annotation.transfer import report_of_study
from itlim.records import Study
from itlim.statistics.figures import Figure, Share
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import shown_errors


def agreement_panel(study: Study) -> None:
    """Draw agreement on marks by layer, on verdicts and decoys, and per annotator."""
    with shown_errors():
        report = report_of_study(services.store(), study)
        _caveats(report)
        layers = (report.any_label, *report.labels)
        table = {_title(study, layer): _column(layer, report.unit) for layer in layers}
        st.dataframe(pd.DataFrame(table))
        _positions(report.positions)
        _verdicts(report)
        _annotators(report)


def _caveats(report: AgreementReport) -> None:
    counts = [plural(report.n_blind, "submitted sheet")]
    if report.n_with_suggestions:
        counts.append(f"{report.n_with_suggestions} excluded because suggestions were shown")
    if report.n_unsubmitted:
        counts.append(f"{report.n_unsubmitted} not submitted")
    st.caption(
        f"{' · '.join(counts)}. Krippendorff's α over {report.unit}, pooled over responses, is 1 "
        "for full agreement and 0 for agreement by chance. F1 is twice the common marks of two "
        "annotators over all their marks. IoU (intersection over union) is the overlap of two "
        "spans. Unassigned items count as missing. Intervals are 95% bootstrap intervals over "
        "responses."
    )


def _title(study: Study, layer: LayerAgreement) -> str:
    """The label's title, or its unique name if several labels have the same title."""
    if layer.label is None:
        return "any label"
    titles = [label.title for label in study.labels]
    own = next(label.title for label in study.labels if label.name == layer.label)
    return own if titles.count(own) == 1 else layer.label


def _column(layer: LayerAgreement, unit: str) -> dict[str, str]:
    annotators = plural(layer.n_annotators, "annotator")
    responses = plural(layer.n_responses, "response")
    return {
        f"α over {unit}": format_figure(layer.alpha),
        f"F1 of {unit}": format_figure(layer.token_f1),
        "F1 of spans (IoU ≥ 0.5)": format_figure(layer.detection_f1),
        "mean IoU of matched spans": format_figure(layer.mean_iou),
        "neither marked anything": format_figure(layer.both_empty),
        "responses, pairs": f"{responses}, {plural(layer.n_pairs, 'pair')}",
        f"{unit}, annotators": f"{layer.n_tokens:,} {unit}, {annotators}",
    }


def _positions(found: PositionAgreement) -> None:
    """Draw agreement by position only beside exact agreement."""
    st.markdown("**By position, and exactly**")
    st.dataframe(
        pd.DataFrame(
            {
                "marks": {
                    "F1 by position only": format_figure(found.position_f1),
                    "F1 of exact marks": format_figure(found.exact_f1),
                }
            }
        )
    )
    st.caption(
        "By position, every character that both annotators marked counts, whatever the label and "
        "wherever the spans begin and end. Exact marks have the same beginning, end and label. "
        f"Over {plural(found.n_responses, 'response')} and {plural(found.n_pairs, 'pair')}."
    )


def _verdicts(report: AgreementReport) -> None:
    verdicts = report.verdicts
    st.markdown("**Verdicts on origins**")
    figures: dict[str, Figure | Share] = {
        "agreeing pairs": verdicts.percent,
        "α": verdicts.alpha,
        "Gwet's AC1": verdicts.ac1,
        "decoys judged causal": report.decoys_causal,
    }
    # One column, because the last of four columns would be out of sight.
    st.dataframe(
        pd.DataFrame({"verdicts": {name: format_figure(one) for name, one in figures.items()}})
    )
    st.caption(
        f"Over {plural(verdicts.n_pairs, 'pair')} of span and instance that two or more people "
        f"judged ({plural(verdicts.n_judges, 'judge')}). Decoys count only in the last figure. "
        "Gwet's AC1 is agreement beyond chance that remains meaningful if one verdict dominates."
    )
    if report.hasty is not None and report.hasty.n:
        st.caption(f"Suggestions accepted in under half a second: {format_figure(report.hasty)}")


def _annotators(report: AgreementReport) -> None:
    if not report.annotators:
        return
    st.markdown("**Annotators**")
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "annotator": one.annotator,
                    "responses": one.n_responses,
                    "spans": one.n_spans,
                    "spans per response": format_figure(one.spans_per_response),
                    "α against the others": format_figure(one.alpha_against_others),
                    "α of the others": format_figure(one.alpha_of_others),
                    "active minutes": round(one.active_ms / 60000, 1),
                }
                for one in report.annotators
            ]
        ),
        hide_index=True,
    )
