"""The stored result of retraining without a phrase's source, where one was measured."""

import streamlit as st

from itlim.text.markdown import as_markdown
from itlim.ui.shared.ground_truth import PhraseTruth
from itlim.ui.shared.removal_sentences import headline, new_answer_sentence, others_sentence


def show_measured(response: str, truth: PhraseTruth) -> None:
    """Draw what is already known about a phrase: wrong or right, and what happens without it."""
    phrase = response[truth.start : truth.stop]
    quote, right = as_markdown(phrase), as_markdown(truth.right_answer)
    with st.container(border=True, key="measured"):
        if not truth.is_wrong:
            st.markdown(f"“{quote}” is **right**, so there is no error to explain.")
        elif truth.removal is None:
            name = "reference answer" if truth.is_reference else "right answer"
            st.markdown(f"“{quote}” is **wrong**: the {name} is “{right}”.")
        else:
            st.markdown(f"#### {as_markdown(headline(phrase, truth.removal))}")
            st.markdown(
                f"{new_answer_sentence(truth.removal, right)} {others_sentence(truth.removal)}"
            )
            st.caption(
                "Measured before and stored with the family. Where the family's models are built, "
                "it can be repeated below."
            )
