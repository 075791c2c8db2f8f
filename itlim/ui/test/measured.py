"""The stored result of retraining without a phrase's source, where one was measured."""

import streamlit as st

from itlim.records import Run
from itlim.text.messages import plural
from itlim.ui.shared.ground_truth import MeasuredRemoval, PhraseTruth
from itlim.ui.shared.markdown_text import escaped


def show_measured(run: Run, truth: PhraseTruth) -> None:
    """Draw what is already known about a phrase: wrong or right, and what happens without it."""
    quote = escaped(run.response[truth.start : truth.stop])
    right = escaped(truth.right_answer)
    with st.container(border=True, key="measured"):
        if not truth.is_wrong:
            st.markdown(f"“{quote}” is **right**. There is nothing to explain away.")
        elif truth.removal is None:
            st.markdown(f"“{quote}” is **wrong**: the right answer is “{right}”.")
        else:
            st.markdown(f"#### {headline(quote, truth.removal)}")
            st.markdown(
                f"{new_answer_sentence(truth.removal, right)} {others_sentence(truth.removal)}"
            )
            st.caption(
                "Measured before and stored with the demo family. Retrain below to repeat it on "
                "this machine."
            )


def headline(quote: str, removal: MeasuredRemoval) -> str:
    """One sentence: whether the phrase is gone without the instance."""
    outcome = "is gone" if removal.phrase_gone else "is still there"
    return f"Without the training example {removal.instance_id}, “{quote}” {outcome}."


def new_answer_sentence(removal: MeasuredRemoval, right: str) -> str:
    """What is known about the answer of the model that was retrained without the instance."""
    if not removal.phrase_gone:
        return f"The right answer is “{right}”."
    if removal.becomes_correct:
        return f"The new answer is right: “{right}”."
    return f"The new answer is something else, but also wrong: the right answer is “{right}”."


def others_sentence(removal: MeasuredRemoval) -> str:
    """How often the removal of another instance has the same result."""
    if not removal.n_others:
        return ""
    others = plural(removal.n_others, "other example")
    gone = removal.n_others_gone
    if not gone:
        return f"Without any of the {others}, left out one at a time, it stays."
    return f"Of the {others}, left out one at a time, {gone} had this effect, too."
