"""The chance baseline of an index on the Data & models page, fitted to uploaded answers."""

import json

from streamlit.testing.v1 import AppTest

from itlim.library import DatasetEntry, add_dataset
from itlim.trace import build_index, index_folder, open_index

WORDS = [f"name{number}" for number in range(150)]


def open_dataset_part(home):
    path = home / "names.jsonl"
    rows = [{"instruction": f"Say {one}.", "output": f"The {one} is said."} for one in WORDS]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    entry = DatasetEntry(name="names", path=path)
    add_dataset(entry)
    build_index(entry, lexical_only=True)

    def script():
        from itlim.library import load_library
        from itlim.trace import index_folder, open_index
        from itlim.ui.data_models.chance_baseline import chance_baseline

        chance_baseline(open_index(index_folder(load_library().dataset("names"))))

    return AppTest.from_function(script, default_timeout=60).run(), entry


def answers(n):
    lines = (
        json.dumps({"instruction": "Tell me.", "output": f"Stranger {one} walks along here."})
        for one in range(n)
    )
    return ("others.jsonl", "\n".join(lines).encode(), "application/json")


def source_of(entry):
    return open_index(index_folder(entry)).nulls["span"].source


def test_a_baseline_is_fitted_to_uploaded_answers_and_can_be_returned(home):
    app, entry = open_dataset_part(home)
    shipped = source_of(entry)
    assert shipped in " ".join(one.value for one in app.text)
    assert app.button(key="fit_baseline").disabled
    app.file_uploader(key="controls-names").set_value([answers(130)]).run()
    app.button(key="fit_baseline").click().run()
    assert not app.error
    assert source_of(entry) == "answers of others"
    assert "answers of others" in " ".join(one.value for one in app.text)
    app.button(key="reset_baseline").click().run()
    assert source_of(entry) == shipped


def test_too_few_answers_are_refused_in_one_sentence_and_change_nothing(home):
    app, entry = open_dataset_part(home)
    shipped = source_of(entry)
    app.file_uploader(key="controls-names").set_value([answers(2)]).run()
    app.button(key="fit_baseline").click().run()
    assert len(app.error) == 1
    assert "Give more responses" in app.error[0].value
    assert source_of(entry) == shipped
