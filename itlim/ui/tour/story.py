"""The story of the tour, computed from the shipped answer, its trace and its stored retraining."""

from collections.abc import Mapping
from urllib.parse import urlencode

from streamlit.delta_generator import DeltaGenerator

from itlim.components.tour.payload import TourStory
from itlim.components.trace.verbatim_marks import token_range
from itlim.errors import NotFoundError
from itlim.records import Run
from itlim.ui.shared import services
from itlim.ui.shared.featured import featured_run
from itlim.ui.shared.ground_truth import GroundTruth, PhraseTruth
from itlim.ui.shared.removal_sentences import headline, new_answer_sentence, others_sentence
from itlim.ui.shared.siblings import base_answer
from itlim.ui.shared.tracing.datasets import datasets_of_run
from itlim.ui.shared.tracing.default_span import default_span
from itlim.ui.shared.tracing.indexes import usable_indexes
from itlim.ui.shared.tracing.subject import run_subject
from itlim.ui.shared.tracing.work import traced


def tour_story(truth: GroundTruth, notes: DeltaGenerator) -> TourStory | None:
    """The story of the shipped answer; None while its dataset is being indexed.

    Args:
        truth: what is known about the answers of a shipped family.
        notes: place for notes on how the words were ranked.

    Raises:
        NotFoundError: no answer ships, or nothing is known about its phrase.
    """
    run = featured_run()
    if run is None:
        raise NotFoundError(
            "No family ships an answer for the tour. Restore the project's folder data."
        )
    library = services.library()
    entries = [library.dataset(name) for name in datasets_of_run(run, library)]
    indexes = usable_indexes(entries, words_suffice=True)
    if not indexes:
        return None
    subject = run_subject(run)
    span = default_span(subject, indexes)
    known = truth.phrase(run, span) if span else None
    if known is None or known.removal is None:
        raise NotFoundError(f"Nothing is known about the phrase of run {run.run_id}.")
    with notes:
        trace = traced(subject, (known.start, known.stop), indexes)
    source = next(
        (one for one in trace.candidates if one.instance_id == known.removal.instance_id), None
    )
    if source is None:
        raise NotFoundError(
            f"The dataset lacks {known.removal.instance_id}, which the stored retraining left out. "
            "Restore the project's folder data."
        )
    before = base_answer(run)
    family = library.family_of(run.base_model)
    quote = run.response[known.start : known.stop]
    details = (
        new_answer_sentence(known.removal, known.right_answer),
        others_sentence(known.removal),
    )
    return TourStory(
        instruction=run.instruction,
        response=run.response,
        start=known.start,
        stop=known.stop,
        base_response=before.response if before else "",
        right_answer=known.right_answer,
        is_reference=known.is_reference,
        family_note="" if family is None else f"{family.title}: {family.note}",
        source=source,
        is_gone=known.removal.phrase_gone,
        outcome=headline(quote, known.removal),
        outcome_details=tuple(one for one in details if one),
        links=_links(run, known, source.instance_id),
    )


def _links(run: Run, known: PhraseTruth, source: str) -> tuple[str, str, str]:
    span = f"{known.start}-{known.stop}"
    selected = token_range(run.tokens, known.start, known.stop)
    selection = {"sel": "{}-{}".format(*selected)} if selected else {}
    return (
        _address("", {"run": run.run_id} | selection),
        _address("trace", {"run": run.run_id, "span": span, "cand": source}),
        _address("test", {"run": run.run_id, "span": span}),
    )


def _address(page: str, parameters: Mapping[str, str]) -> str:
    return f"./{page}?{urlencode(parameters)}"
