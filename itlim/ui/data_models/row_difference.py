"""One row before and after, side by side, with the words that differ."""

from html import escape

import streamlit as st

from itlim.charts.style import translucent
from itlim.components.palette import by_theme
from itlim.remedies.row_changes import TEXTS, RowChange, Side, word_differences

_STYLE = """
.itlim-diff { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.5; font-size: .95rem;
  border: 1px solid %(border)s; border-radius: .5rem; padding: .5rem .75rem; color: %(text)s }
.itlim-diff h4 { font-size: .8rem; font-weight: 600; color: %(muted)s; margin: .4rem 0 .1rem;
  padding: 0; letter-spacing: 0 }
.itlim-diff del { text-decoration: line-through; background: %(removed)s }
.itlim-diff ins { text-decoration: underline; background: %(added)s }
"""


def show_difference(change: RowChange) -> None:
    """Draw both versions of a row; removed words are struck through, new ones underlined."""
    colors = {
        "border": by_theme(lambda palette: palette.border),
        "text": by_theme(lambda palette: palette.text),
        "muted": by_theme(lambda palette: palette.muted),
        "removed": by_theme(lambda palette: translucent(palette.tuned)),
        "added": by_theme(lambda palette: translucent(palette.layers[1])),
    }
    st.html(f"<style>{_STYLE % colors}</style>")
    left, right = st.columns(2)
    with left:
        st.html(_box("Before", change, Side.BEFORE))
    with right:
        st.html(_box("After", change, Side.AFTER))


def _box(title: str, change: RowChange, side: Side) -> str:
    words = change.words_before if side is Side.BEFORE else change.words_after
    count = "" if words is None else f" · response of {words:,} word{'' if words == 1 else 's'}"
    label = f"{title}: {change.parent_id}"
    body = f"<h4>{title}{count}</h4>"
    if side is Side.AFTER and change.after is None:
        return f"<div class='itlim-diff'>{body}not in the new dataset</div>"
    for name in TEXTS:
        old = change.before[name]
        new = change.after[name] if change.after is not None else old
        if old or new:
            body += f"<h4>{name.capitalize()}</h4><div dir='auto'>{_marked(old, new, side)}</div>"
    return f"<div class='itlim-diff' role='group' aria-label='{escape(label)}'>{body}</div>"


def _marked(old: str, new: str, side: Side) -> str:
    tag = "del" if side is Side.BEFORE else "ins"
    pieces = [
        escape(text) if found is Side.BOTH else f"<{tag}>{escape(text)}</{tag}>"
        for found, text in word_differences(old, new)
        if found in (Side.BOTH, side)
    ]
    return "".join(pieces)
