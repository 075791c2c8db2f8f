"""Studies in the app's database with annotated items, for tests of whole pages."""

from contextlib import contextmanager
from dataclasses import replace

from example_runs import FEATURED_RUN

from itlim.annotation.adjudication import FINAL
from itlim.annotation.protocol import item_of_run, plan_items
from itlim.annotation.recording import AnnotationSession
from itlim.records import Sheet
from itlim.settings import DEMO_FOLDER
from itlim.store.connection import Store
from itlim.store.runs import require_run
from itlim.store.shipped import load_shipped_runs
from itlim.store.studies import create_study, items_of, load_study
from tests.example_studies import event, items, put, study


def featured() -> str:
    """Id of the stored answer that the first page shows."""
    return FEATURED_RUN


@contextmanager
def database(home):
    """The database of an `ITLIM_HOME`; the app must not have it open."""
    with Store(home / "itlim.duckdb") as store:
        yield store


def made(home, *, featured_only=False, **changes):
    """Create the study "dogs" of difficult texts or of the featured answer; returns its items."""
    of = study(**changes)
    with database(home) as store:
        planned_items = items(of)
        if featured_only:
            load_shipped_runs(store, [DEMO_FOLDER / "runs"])
            planned_items = plan_items([item_of_run(require_run(store, featured()), "dogs")], of)
        create_study(store, of, planned_items, by="ann")
        return items_of(store, "dogs")


def work(store, item, who, *edits, study_id="dogs") -> Sheet:
    """Record marks, given as (quote, label), then submit."""
    of = load_study(store, study_id)
    session = AnnotationSession(
        store=store, study=of, item=item, annotator=who, is_claimed=who != FINAL
    )
    by = {"by": "zoe"} if who == FINAL else {}
    events = [
        put(item, quote, who, label=label, mark=f"{who}-{number}", **by)
        for number, (quote, label) in enumerate(edits)
    ]
    end = event("submit", item, who, nothing_wrong=not edits, **by)
    sent = [replace(one, study_id=study_id) for one in (*events, end)]
    return session.record(sent, base=0).sheet
