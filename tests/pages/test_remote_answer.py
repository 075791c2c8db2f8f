"""The page of a stored answer of a pair behind servers."""

from app_pages import open_app, plain_texts
from example_remote import remote_run, remote_token

from itlim.measures import MEASURES
from itlim.store.connection import Store
from itlim.store.remote_runs import save_remote

RUN = "e" * 16
ALL, LISTED = "they need the probabilities of all tokens: ", "they are about: "
TITLES = {one.column: one.title for one in MEASURES}


def test_what_is_missing_for_want_of_a_list_is_told_from_what_needs_all_probabilities(home):
    rows = [remote_token(0, "Toyota", None, run_id=RUN, emitted_rank_decided=True)]
    with Store(home / "itlim.duckdb") as store:
        save_remote(store, remote_run(rows, run_id=RUN, pair="served", instruction="Who?"))
    app = open_app("ask", run=RUN)
    assert not app.exception
    shown = [one.proto.body for one in app.get("html")]
    (needs_all,) = [text.split(ALL)[1] for text in shown if ALL in text]
    (unlisted,) = [text.split(LISTED)[1] for text in shown if LISTED in text]
    assert "did not list the tokens that they are about" in plain_texts(app)
    for name in ("Category", TITLES["base_rank"], TITLES["base_prob"], TITLES["tuned_prob"]):
        assert name in unlisted
        assert name not in needs_all
    assert TITLES["js"] in needs_all
