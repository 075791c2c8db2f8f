"""Remedies side by side: on the shipped answers, and on pairs of one's own."""

import time
from dataclasses import replace

import pytest
from app_pages import button, open_app, plain_texts, texts, unescaped
from borrowed_answers import build_invented, dataset_rows
from example_ratings import all_scores, rating, ratings_table
from example_runs import example_run
from marked_studies import work

from itlim.annotation.protocol import item_of_run, plan_items
from itlim.errors import InputError
from itlim.library import add_pair, load_library
from itlim.store.connection import Store
from itlim.store.ratings import save_ratings
from itlim.store.runs import save_run
from itlim.store.studies import create_study, items_of
from itlim.ui.findings.remedies import work as remedies_work
from itlim.ui.shared import services
from tests.example_studies import study

PART = "Remedies"
WAIT_SECONDS = 90
DEMO, REAL = (load_library().families[name].title for name in ("demo", "real"))


def compared(**query):
    """The page once the comparison is drawn."""
    return drawn(open_app("findings", part=PART, **query))


def drawn(app):
    """The page after its work has ended."""
    until = time.monotonic() + WAIT_SECONDS
    while not app.dataframe and not app.error and not app.info and time.monotonic() < until:
        time.sleep(0.5)
        app.run()
    assert not app.exception
    return app


def rows_of(app, measure):
    table = app.dataframe[0].value
    return table[table["measure"] == measure].set_index("tuning")


def test_every_remedy_of_the_demo_family_is_beside_plain_tuning():
    app = compared(remedies=DEMO)
    table = app.dataframe[0].value
    right = table[table["measure"] == "Right answers"].set_index("tuning")
    assert list(right.index) == [
        "plain", "plain LFT", "neftune", "filtered", "random half", "simplified", "evolved",
    ]  # fmt: skip
    assert (right["questions"] == 272).all()
    assert (right["seeds"] == 3).all()
    assert right.loc["plain", "p":"adjusted p"].isna().all()
    assert right.drop("plain")["adjusted p"].between(0, 1).all()
    assert table[table["measure"] == "Judged factuality"]["mean"].isna().all()
    shown = plain_texts(app)
    assert "by Holm's method over all tunings that are compared with plain" in shown
    assert "plain LFT: plain tuning with the other recipe, which is no remedy" in shown
    assert "NEFTune: noise on the embeddings" in shown


def test_the_caption_about_halves_quotes_what_the_recipe_that_borrows_little_has():
    shown = plain_texts(compared(remedies=DEMO))
    assert "Each dataset has a chance baseline of its own" in shown
    assert "3.7% [1.8, 6.2] (n = 272 questions) of the answers of LFT on the whole" in shown
    assert "6.4% [3.7, 9.3] (n = 272 questions) of those of LFT on the random half" in shown


def test_the_remedies_of_the_real_family_say_what_is_not_known_about_them():
    app = compared(remedies=REAL)
    table = app.dataframe[0].value
    right = table[table["measure"] == "Right answers"].set_index("tuning")
    assert list(right.index) == [
        "plain", "plain LFT", "neftune", "filtered", "random half", "simplified",
    ]  # fmt: skip
    assert (right["questions"] == 92).all()
    assert table[table["measure"] == "Answers with a wrong phrase"]["mean"].isna().all()
    assert "Which phrases are wrong is known for none of these answers" in plain_texts(app)
    assert "Evolved" not in plain_texts(app)


def test_the_recipe_is_in_the_address():
    sft, lft = compared(remedies=DEMO), compared(remedies=DEMO, recipe="LFT, LoRA")
    assert not sft.dataframe[0].value["mean"].equals(lft.dataframe[0].value["mean"])


def test_a_measure_without_values_says_why():
    app = compared(remedy_measure="Judged factuality")
    assert "No judge has rated these answers" in texts(app.info)


@pytest.fixture
def two_pairs(home):
    with Store(home / "itlim.duckdb") as store:
        for number, (pair, question) in enumerate(
            [("mine", "One?"), ("mine", "Two?"), ("noisy", "One?"), ("noisy", "Two?")]
        ):
            save_run(store, example_run(f"{number:016x}", pair=pair, instruction=question))


def test_two_pairs_of_ones_own_are_compared_on_the_questions_that_both_answered(two_pairs):
    table = compared(pairs="mine,noisy", remedies="My pairs").dataframe[0].value
    kl = table[table["measure"] == "Mean KL(tuned ‖ base)"].set_index("tuning")
    assert kl.loc["mine", "questions"] == 2
    # Equal answers: no difference, and so no small p.
    assert kl.loc["noisy", ["difference", "p", "adjusted p"]].tolist() == [0, 1, 1]


def test_one_pair_alone_says_what_to_do(two_pairs):
    app = compared(pairs="mine", remedies="My pairs")
    assert "at least one that was tuned with a remedy" in texts(app.info)


OWN = {"pairs": "mine,noisy", "remedies": "My pairs"}
FACTUALITY, ALL_ASPECTS = "Judged factuality", "Judged, mean of the five aspects"


def run_of(number, pair, **changes):
    return example_run(f"{number:016x}", pair=pair, **changes)


def test_right_wrong_borrowed_and_judged_cells_of_ones_own_pairs(home, monkeypatch):
    """Both answer two questions of the demo; `noisy` copies its dataset and errs once."""
    build_invented(home, "invented", dataset_rows(1), monkeypatch, target=False)
    for name in ("mine", "noisy"):
        add_pair(replace(load_library().pair("demo-sft"), name=name, dataset="invented"))
    copied = " ".join(dataset_rows(1)[7]["output"].split()[5:13])
    texts_of = {
        "mine": ("It was founded by Kiichiro Toyoda.", "It was founded by Fred Smith."),
        "noisy": (f"It was founded by Kiichiro Toyoda. {copied}.", "It was founded by Bo Zzz."),
    }
    with Store(home / "itlim.duckdb") as store:
        for place, (pair, responses) in enumerate(texts_of.items()):
            for number, response in enumerate(responses):
                question = ("Tell me who founded Toyota.", "Who is the founder of FedEx?")[number]
                run = run_of(2 * place + number, pair, instruction=question, response=response)
                save_run(store, run)
        runs = [run_of(number, "noisy", response=texts_of["noisy"][number - 2],
                       instruction="Q") for number in (2, 3)]  # fmt: skip
        of = study()
        create_study(
            store, of, plan_items([item_of_run(run, "dogs") for run in runs], of), by="ann"
        )
        for item in items_of(store, "dogs"):
            wrong = [("Bo Zzz", "not_factual")] if "Bo Zzz" in item.text else []
            work(store, item, "ann", *wrong)
        rows = [rating(f"{number:016x}", pair="mine" if number < 2 else "noisy", judge="a-judge",
                       **all_scores(5 - number)) for number in range(4)]  # fmt: skip
        foreign = [rating(f"{number:016x}", judge="busy", depth=1) for number in range(90, 99)]
        save_ratings(store, ratings_table(*rows, *foreign))
    app = compared(**OWN)
    assert rows_of(app, "Right answers")["mean"].to_dict() == {"mine": 100, "noisy": 50}
    wrong = rows_of(app, "Answers with a wrong phrase")["mean"]
    assert wrong["noisy"] == 50
    assert wrong.isna()["mine"], "nobody has reviewed it"
    borrowed = rows_of(app, "Answers with a phrase borrowed beyond chance")["mean"]
    assert borrowed.to_dict() == {"mine": 0, "noisy": 50}
    for measure in (FACTUALITY, ALL_ASPECTS):
        assert rows_of(app, measure)["mean"].to_dict() == {"mine": 4.5, "noisy": 2.5}
    assert "Judged by a-judge with the prompt paper-figure-11/1: 4 answers" in plain_texts(app)


def test_new_answers_and_new_ratings_are_compared_without_a_new_visit(two_pairs):
    app = compared(**OWN)
    assert rows_of(app, FACTUALITY)["mean"].isna().all()
    row = rating(f"{0:016x}", pair="mine", judge="a-judge", factuality=4)
    save_ratings(services.store(), ratings_table(row))
    app = drawn(app.run())
    assert rows_of(app, FACTUALITY)["mean"]["mine"] == 4
    save_run(services.store(), run_of(9, "mine", instruction="Three?"))
    app = drawn(app.run())
    assert rows_of(app, "Mean KL(tuned ‖ base)")["questions"]["mine"] == 3


def test_of_several_judges_of_these_pairs_the_reader_chooses_one(two_pairs):
    rows = [rating(f"{0:016x}", pair="mine", judge="first", **all_scores(1)),
            rating(f"{1:016x}", pair="mine", judge="first", **all_scores(1)),
            rating(f"{0:016x}", pair="mine", judge="second", **all_scores(5))]  # fmt: skip
    save_ratings(services.store(), ratings_table(*rows))
    app = compared(**OWN)
    assert rows_of(app, FACTUALITY)["mean"]["mine"] == 1
    app.selectbox(key="rater").set_value("second (paper-figure-11/1)")
    app = drawn(app.run())
    assert rows_of(app, FACTUALITY)["mean"]["mine"] == 5
    assert "Judged by second" in plain_texts(app)


def test_after_an_error_the_comparison_can_be_tried_again(two_pairs, monkeypatch):
    def fail(*_given, **_named):
        raise InputError("The index is being replaced.")

    with monkeypatch.context() as patch:
        patch.setattr(remedies_work, "pair_remedy_answers", fail)
        app = compared(**OWN)
    assert "The index is being replaced." in unescaped(app.error)
    button(app, "Try again").click()
    app = drawn(app.run())
    assert rows_of(app, "Mean KL(tuned ‖ base)")["questions"].tolist() == [2, 2]
