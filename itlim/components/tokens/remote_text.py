"""A remote run as colored HTML, without the token view, which needs measures of a whole vocabulary.

Unknown categories have a dotted line, so that color is never the only signal.
"""

from html import escape
from typing import Any

from itlim.components.palette import PALETTES, Theme
from itlim.records import RemoteRun
from itlim.schema import ShiftCategory

UNKNOWN = "unknown"


def remote_html(run: RemoteRun, theme: Theme) -> str:
    """The response with its categories, and a legend; all text is escaped.

    Args:
        run: the run.
        theme: colors of the page.
    """
    legend = " · ".join(
        f'<span style="{_style(name, theme)}">{name}</span>' for name in (*ShiftCategory, UNKNOWN)
    )
    tokens = "".join(_token(row, theme) for row in run.tokens.to_pylist())
    return (
        f'<div style="font-size: .85em; margin-bottom: .5em">{legend}</div>'
        f'<div style="white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.7">{tokens}'
        "</div>"
    )


def _token(row: dict[str, Any], theme: Theme) -> str:
    if row["is_eos"] or not row["text"]:
        return ""
    title = (
        f"{row['category'] or UNKNOWN} · base probability {row['emitted_prob']:.3g}, tuned "
        f"{row['emitted_tuned_prob']:.3g} · base rank {_rank(row)} · KL(tuned ‖ base) at least "
        f"{row['kl_tuned_base_at_least']:.3g} nats"
    )
    style = _style(row["category"] or UNKNOWN, theme)
    return f'<span style="{style}" title="{escape(title)}">{escape(row["text"])}</span>'


def _rank(row: dict[str, Any]) -> str:
    return f"{row['emitted_rank']}{'' if row['emitted_rank_decided'] else ' (up to ties)'}"


def _style(category: str, theme: Theme) -> str:
    if category == UNKNOWN:
        muted = PALETTES[theme].muted
        return f"color: inherit; text-decoration: underline dotted {muted}"
    if category == ShiftCategory.UNSHIFTED:
        return "color: inherit"
    look = PALETTES[theme].categories[ShiftCategory(category)]
    return (
        f"background: {look.fill}; color: {look.ink}; text-decoration: underline {look.underline} "
        f"{look.line}; border-radius: 2px"
    )
