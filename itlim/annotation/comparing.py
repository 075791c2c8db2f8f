"""Judgments of a side-by-side study: each is checked and stored before it is acknowledged."""

from collections.abc import Iterable
from dataclasses import dataclass

from itlim.annotation.side_by_side import (
    Outcome,
    choice_of,
    content_id,
    outcome_of,
    shown_left,
)
from itlim.errors import InputError, StoreError
from itlim.records import AnnotationEvent, Choice, Comparison, EventKind, Model, SheetStatus, Study
from itlim.store.annotation_events import SheetKey, events_of, read_log, writing_log
from itlim.store.connection import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One person's opinion on a comparison, computed from their events."""

    status: SheetStatus = SheetStatus.OPEN
    choice: Choice | None = None
    """The latest choice; None unless submitted."""
    version: int = 0
    """Number of events so far; a choice states the version that it is based on."""


def opinion_of(events: Iterable[AnnotationEvent]) -> Opinion:
    """Replay the events of one person and comparison; a later choice replaces an earlier one."""
    opinion = Opinion()
    for event in events:
        status, choice = opinion.status, opinion.choice
        if event.kind is EventKind.COMPARE:
            status, choice = SheetStatus.SUBMITTED, choice_of(event.payload)
        elif event.kind is EventKind.SKIP:
            status = SheetStatus.SKIPPED
        opinion = Opinion(status=status, choice=choice, version=opinion.version + 1)
    return opinion


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonSession:
    """One person judging one comparison; the counterpart of `recording.AnnotationSession`."""

    store: Store
    study: Study
    item: Comparison
    annotator: str

    @property
    def left(self) -> Model:
        """The model whose response this person sees on the left."""
        return shown_left(self.study, self.annotator, self.item.item_id)

    def opinion(self) -> Opinion:
        """Their opinion so far, from any device."""
        return opinion_of(read_log(self.store, self._key).events)

    def record(self, event: AnnotationEvent, *, base: int) -> Opinion:
        """Store a choice or a skip; it is on disk when this returns.

        Args:
            event: an event of this person and comparison; an event that is already stored is
                ignored.
            base: version of the opinion that the page showed.

        Returns:
            The opinion afterwards.

        Raises:
            InputError: the event is not allowed now; nothing was stored.
            ConflictError: the opinion was changed in another tab, or the item was reassigned;
                nothing was stored.
            StoreError: the responses differ from those with which the study was created.
        """
        if SheetKey.of(event) != self._key:
            raise InputError(
                f"A choice of {event.annotator!r} on {event.item_id!r} was sent to the session of "
                f"{self.annotator!r} on {self.item.item_id!r}: reload the page."
            )
        with writing_log(self.store, self._key) as writer:
            if writer.log.not_stored([event]):
                self._check(event, opinion_of(writer.log.events))
                writer.claim(self.study)
            log = writer.append([event], base=base, guideline_version=self.study.guideline_version)
        return opinion_of(log.events)

    @property
    def _key(self) -> SheetKey:
        return SheetKey(
            study_id=self.study.study_id, item_id=self.item.item_id, annotator=self.annotator
        )

    def _check(self, event: AnnotationEvent, opinion: Opinion) -> None:
        if content_id(self.item, self.study.study_id) != self.item.item_id:
            raise StoreError(
                f"The responses of item {self.item.item_id} differ from those with which the "
                "study was created. Restore the database from a backup."
            )
        if opinion.status is SheetStatus.SKIPPED:
            raise InputError("You skipped this item, so others can judge it. Go to the next item.")
        if event.kind is EventKind.SKIP:
            self._check_skip(event, opinion)
        elif event.kind is not EventKind.COMPARE:
            raise InputError(f"A side-by-side study does not accept events of kind {event.kind!s}.")
        elif choice_of(event.payload).left is not self.left:
            raise InputError("The two responses were shown in another order: reload the page.")

    def _check_skip(self, event: AnnotationEvent, opinion: Opinion) -> None:
        if opinion.status is SheetStatus.SUBMITTED:
            raise InputError(
                "You have already judged this item: change your choice instead of skipping it."
            )
        if not str(event.payload.get("reason", "")).strip():
            raise InputError("Skipping requires a reason: enter it in the note.")


def opinions_of(store: Store, study_id: str) -> dict[tuple[str, str], Opinion]:
    """All opinions in a study, by item and person."""
    return {key: opinion_of(events) for key, events in events_of(store, study_id).items()}


def outcomes_of(opinions: dict[tuple[str, str], Opinion]) -> dict[tuple[str, str], Outcome]:
    """The submitted choices, mapped from sides to models."""
    return {
        key: outcome_of(opinion.choice)
        for key, opinion in opinions.items()
        if opinion.status is SheetStatus.SUBMITTED and opinion.choice is not None
    }
