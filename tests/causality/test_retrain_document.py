import csv
import io
import json

from itlim.causality.retraining.document import experiment_to_csv, experiment_to_json
from tests.example_retrainings import QUOTE, START, experiment


def test_json_contains_every_field_and_the_drop_of_each_arm():
    made = experiment()
    document = json.loads(experiment_to_json(made))
    assert document["format"] == "itlim-retraining/1"
    assert document["question"]["span"] == [START, START + len(QUOTE)]
    assert document["question"]["quote"] == QUOTE
    assert document["created_at"] == "2026-01-02T03:04:05.678901+00:00"
    assert [one["logp_drop"] for one in document["arms"]] == [made.drop(arm) for arm in made.arms]
    assert len(document["arms"][1]["tokens"]) == made.chosen.tokens.num_rows
    assert "the phrase is gone" in document["verdict"]
    names = {"base_sha256", "tuned_sha256", "recipe_hash", "itlim_version", "author", "repeats_run"}
    assert names <= document.keys()


def test_csv_has_one_line_per_model():
    rows = list(csv.DictReader(io.StringIO(experiment_to_csv(experiment()))))
    assert [row["kind"] for row in rows] == ["full", "chosen", "control", "control"]
    assert [float(row["logp_drop"]) for row in rows][:2] == [0.0, 3.0]
    assert rows[1]["instance_ids"] == "tiny-3"
    assert {row["quote"] for row in rows} == {QUOTE}
