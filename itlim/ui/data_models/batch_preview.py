"""What a file contains and what a batch will do with it, in words, before the batch is started."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from itlim.batch.instructions import InstructionFile
from itlim.batch.preview import PairPreview
from itlim.text.messages import plural
from itlim.ui.data_models.batch_view import time_left
from itlim.ui.shared.plain_text import plain_caption

_REJECTED_SHOWN = 100


def show_file(asked: InstructionFile) -> None:
    """How many instructions there are, their tags, and the rows that cannot be asked."""
    distinct = len({(item.instruction, item.input) for item in asked.items})
    repeated = f", {distinct:,} of them distinct" if distinct < len(asked.items) else ""
    kinds = [
        (kind, Counter(tag for item in asked.items if (tag := getattr(item, kind))))
        for kind in ("task", "topic")
    ]
    tags = "; ".join(
        f"{plural(len(counts), kind)}: "
        + ", ".join(f"{name} ({n:,})" for name, n in counts.most_common(8))
        + (" …" if len(counts) > 8 else "")
        for kind, counts in kinds
        if counts
    )
    plain_caption(
        f"{plural(len(asked.items), 'instruction')}{repeated}. "
        f"{tags or 'No column task or topic, so findings cannot be split by them'}."
    )
    if asked.rejected:
        with st.expander(
            f"{plural(len(asked.rejected), 'row')} cannot be asked", icon=":material/warning:"
        ):
            st.dataframe(
                pd.DataFrame(
                    [
                        {"line": row.line, "item": row.id, "reason": row.reason}
                        for row in asked.rejected[:_REJECTED_SHOWN]
                    ]
                ),
                hide_index=True,
                column_config={"reason": st.column_config.TextColumn(width="large")},
            )
            if len(asked.rejected) > _REJECTED_SHOWN:
                st.caption(f"The first {_REJECTED_SHOWN} of {len(asked.rejected):,}.")


def show_preview(previews: Sequence[PairPreview], *, is_traced: bool) -> None:
    """How many answers there will be, how many exist, and the estimated time."""
    total, known = (
        sum(getattr(one, name) for one in previews) for name in ("n_answers", "n_known")
    )
    exist = f" {known:,} of them exist already and are not repeated." if known else ""
    seconds = [one.seconds for one in previews]
    unknown = [one.pair for one in previews if one.seconds is None]
    if not any(one.n_left for one in previews):
        when = "Nothing is left to answer."
    elif unknown:
        when = (
            f"Time: unknown, since no batch with {', '.join(unknown)} or a pair of the same base "
            "has run on this machine yet. It is estimated after the first answers."
        )
    else:
        when = f"Time: {time_left(sum(one or 0.0 for one in seconds))}, {_basis(previews)}."
    plain_caption(
        f"{plural(total, 'answer')}: {plural(len(previews), 'pair')} × "
        f"{plural(max(one.n_answers for one in previews), 'distinct instruction')}.{exist} {when}"
        + (" Tracing takes additional time." if is_traced else "")
    )


def _basis(previews: Sequence[PairPreview]) -> str:
    """What the estimate was measured on."""
    speeds = dict.fromkeys(one.speed for one in previews if one.speed and one.n_left)
    return "at " + "; ".join(
        f"{one.seconds:.2g} s per answer as measured with {one.pair} (n = {one.n:,}, at most "
        f"{plural(one.max_new_tokens, 'new token')}, {plural(one.workers, 'worker')})"
        for one in speeds
        if one is not None
    )
