"""A measured removal in plain words, for the Test page and the tour."""

from itlim.text.messages import plural
from itlim.ui.shared.ground_truth import MeasuredRemoval


def headline(quote: str, removal: MeasuredRemoval) -> str:
    """One sentence: whether the phrase is gone without the instance."""
    outcome = "is gone" if removal.phrase_gone else "is still there"
    return f"Without the training example {removal.instance_id}, “{quote}” {outcome}."


def new_answer_sentence(removal: MeasuredRemoval, right: str) -> str:
    """What is known about the answer of the model that was retrained without the instance.

    `right` corrects the phrase, which can be one of several facts of the answer, such as a year:
    so these sentences say what the new answer contains, and never call the whole of it right.
    """
    if removal.becomes_correct is None:
        unknown = "It is not known whether the new answer is right. " if removal.phrase_gone else ""
        return f"{unknown}The reference answer is “{right}”."
    if not removal.phrase_gone:
        return f"“{right}” would be right."
    if removal.becomes_correct:
        return f"The new answer says “{right}”, which is right."
    return f"The new answer does not say “{right}”, which would be right."


def others_sentence(removal: MeasuredRemoval) -> str:
    """How often the removal of another instance has the same result; empty if none was tried."""
    if not removal.n_others:
        return ""
    others = plural(removal.n_others, "other example")
    gone = removal.n_others_gone
    if removal.n_others == 1:
        return f"Leaving out another example instead {'removes' if gone else 'does not remove'} it."
    if not gone:
        return f"Leaving out any one of {others} does not remove it."
    return f"Leaving out one of {others} removes it in {plural(gone, 'case')}."
