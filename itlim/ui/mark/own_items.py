"""A person's earlier items, to look at or to reopen."""

from itlim.records import Study
from itlim.store.claims import ClaimState, claim_states
from itlim.store.studies import items_of
from itlim.ui.shared import services
from itlim.ui.shared.marking.item_picker import item_picker

_SIGNS = {ClaimState.SUBMITTED: "✓", ClaimState.SKIPPED: "skipped:", ClaimState.OPEN: "…"}


def own_items(study: Study, person: str) -> None:
    """Draw a list of the items that a person has begun; the chosen one is opened."""
    states = claim_states(services.store(), study.study_id)
    mine = {item: state for (item, who), state in states.items() if who == person}
    names = {
        item.item_id: f"{_SIGNS[mine[item.item_id]]} {item.instruction}"
        for item in items_of(services.store(), study.study_id)
        if mine.get(item.item_id) in _SIGNS
    }
    if names:
        item_picker("Your items", names, key="own_item", placeholder=f"Your items ({len(names)})")
