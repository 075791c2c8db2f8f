"""A home whose every text is hostile: runs, imported answers, datasets, pairs, a study, tags."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import tomli_w
from example_ratings import all_scores, preference, preferences_table, rating, ratings_table
from example_runs import TEXTS, example_response, example_run
from example_studies import event, item, put, study

from itlim.annotation.protocol import plan_items
from itlim.annotation.recording import AnnotationSession, comment_on_study
from itlim.annotation.side_by_side import plan_comparisons
from itlim.batch.folders import BatchFolder, BatchRequest
from itlim.datasets.lineage import FailedRow, Lineage, ParentDataset, lineage_path
from itlim.ids import text_sha256
from itlim.records import Role, SideBySide
from itlim.records.ratings import Aspect
from itlim.schema import RUN_TAGS
from itlim.store.comparisons import answered_by_both, create_side_by_side
from itlim.store.connection import Store
from itlim.store.ratings import save_preferences, save_ratings
from itlim.store.runs import save_run
from itlim.store.studies import create_study, items_of, load_study
from itlim.text.words import word_units

HOST = "evil.example"
MARKUP = (
    f"<img src=x onerror='window.zqran=1'><script>window.zqran=1</script><zq-tag>x</zq-tag>"
    f"![zq](https://{HOST}/a.png) [zq](https://{HOST}/b) <https://{HOST}/c> :red[zqred] "
    f"www.{HOST} $zq^2$ `zq` **zqbold** :material/bug_report: &lt;b&gt; =HYPERLINK(1)"
)
CONTROLS = "\u202ezq\u2066zq\u200bzq\u200fzq\x1b[31mzq"
HOSTILE = f"{MARKUP} {CONTROLS} {'w' * 400}"
NAME = f"![zq](//{HOST}/n.png) <b>:red[n] \u202ezq"
"""At most 60 characters, as names of people."""
GUIDELINE = "**Read** ![zq](https://pictures.example/g.png) and [this](https://example.org)."
RUN_ID = "feedfacefeedface"
OTHER_ID = "feedfacefeedfac1"
IMPORTED = example_response(
    pair=HOSTILE, instruction=HOSTILE, input=HOSTILE, response=HOSTILE, itlim_version=HOSTILE
)
BATCH = "0" * 16


def hostile_run(run_id=RUN_ID, first=HOSTILE, **changes):
    """A run whose first token is the hostile text."""
    run = example_run(run_id, created_at=datetime.now(UTC))
    rows = run.tokens.to_pylist()
    offset = 0
    for number, row in enumerate(rows):
        text = first if number == 0 else TEXTS[number]
        top = [one | {"text": HOSTILE} for one in row["top_tuned"]]
        row |= {"text": text, "char_start": offset, "char_stop": offset + len(text)}
        row |= {"top_tuned": top, "top_base": top}
        offset += len(text)
    tokens = type(run.tokens).from_pylist(rows, schema=run.tokens.schema)
    texts = dict.fromkeys(
        ("pair", "base_model", "tuned_model", "template", "instruction", "input", "prompt"), HOSTILE
    )
    response = "".join(row["text"] for row in rows)
    return replace(run, **(texts | changes), response=response, tokens=tokens)


def _ratings():
    """A scored and a failed rating whose every text is hostile."""
    texts = {"pair": NAME, "judge": HOSTILE, "instruction": HOSTILE, "raw": HOSTILE}
    texts |= {f"{aspect}_reason": HOSTILE for aspect in Aspect}
    texts |= {"prompt_version": HOSTILE, "task": HOSTILE}
    scored = rating(OTHER_ID, **all_scores(2), **texts)
    return scored, rating("feedfacefeedfac2", **texts, problem=HOSTILE)


def fill(home):
    """Write the hostile data into an `ITLIM_HOME`, whose database must not be open."""
    rows = [{"instruction": HOSTILE, "input": HOSTILE, "output": HOSTILE} for _ in range(3)]
    (home / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    document = {
        "datasets": {
            NAME: {
                "path": str(home / "rows.jsonl"),
                "licence": HOSTILE,
                "note": HOSTILE,
                "used_for": HOSTILE,
                "url": "https://pictures.example/a_b*c*",
            }
        },
        "pairs": {NAME: {"base": HOSTILE, "tuned": HOSTILE, "note": HOSTILE, "dataset": NAME}},
    }
    (home / "library.toml").write_text(tomli_w.dumps(document), encoding="utf-8")
    _lineage(home / "rows.jsonl")
    _batch(home)
    with Store(home / "itlim.duckdb") as store:
        save_run(store, hostile_run())
        save_run(store, hostile_run(OTHER_ID, first=f"{HOSTILE}!", pair=NAME))
        save_run(store, IMPORTED)
        save_ratings(store, ratings_table(*_ratings()))
        said = {"judge": HOSTILE, "instruction": HOSTILE, "problem": HOSTILE}
        said |= {"pair_first": min(NAME, HOSTILE), "pair_second": max(NAME, HOSTILE)}
        verdict = preference(RUN_ID, OTHER_ID, "first", raw_in_order=HOSTILE, **said)
        save_preferences(store, preferences_table(verdict))
        with store.writing() as cursor:
            names = ", ".join(RUN_TAGS.names)
            marks = ", ".join("?" for _ in RUN_TAGS.names)
            cursor.execute(
                f"INSERT INTO run_tags ({names}) VALUES ({marks})",
                [RUN_ID if name == "run_id" else HOSTILE for name in RUN_TAGS.names],
            )
        _study(store)
        _side_by_side(store)


def _lineage(dataset):
    """State that a dataset was made from another one, in hostile words."""
    made = Lineage(
        operation=HOSTILE,
        method=HOSTILE,
        version=HOSTILE,
        parent=ParentDataset(name=HOSTILE, source=HOSTILE, sha256=HOSTILE, rows=3),
        made_at=HOSTILE,
        itlim_version=HOSTILE,
        rows=3,
        changed=1,
        sha256=HOSTILE,
        settings={HOSTILE: HOSTILE},
        model=HOSTILE,
        host=HOSTILE,
        left_out={HOSTILE: 1},
        failed=(FailedRow(instance_id=HOSTILE, reason=HOSTILE),),
    )
    lineage_path(dataset).write_text(json.dumps(made.document()), encoding="utf-8")


def _batch(home):
    """A batch with hostile names that was interrupted before its first answer."""
    request = BatchRequest(
        batch_id=BATCH,
        name=HOSTILE,
        pairs=(NAME, HOSTILE),
        file="rows.jsonl",
        n_items=3,
        n_rejected=0,
        max_new_tokens=16,
        batch_size=8,
        workers=1,
        trace=True,
        trace_in=(NAME, HOSTILE),
        requested_at=datetime.now(UTC),
    )
    BatchFolder(home / "batches" / BATCH).create(request, home / "rows.jsonl")


def _side_by_side(store):
    of = study(study_id="sides", title=HOSTILE, people={NAME: Role.ADMIN, "zoe": Role.ADMIN})
    found = answered_by_both(store, HOSTILE, NAME)
    compared = SideBySide(pair_a=HOSTILE, pair_b=NAME, n_both=len(found), n_same=0)
    create_side_by_side(store, of, compared, plan_comparisons(found, of, n_items=1), by="zoe")


def _study(store):
    people = {NAME: Role.ADMIN, "zoe": Role.ADMIN, "ann": Role.ANNOTATOR}
    of = study(title=HOSTILE, guideline=GUIDELINE, people=people, annotators_per_item=3)
    text = f"{HOSTILE} and more words"
    one = item(text, instruction=HOSTILE, input=HOSTILE, text_sha256=text_sha256(text),
               units=word_units(text), item_id="item-zq", run_id=OTHER_ID)  # fmt: skip
    create_study(store, of, plan_items([one], of), by="zoe")
    stored = items_of(store, "dogs")[0]
    of = load_study(store, "dogs")
    for who in (NAME, "ann"):
        session = AnnotationSession(
            store=store, study=of, item=stored, annotator=who, is_claimed=True
        )
        events = [
            put(stored, "and more", who, mark=f"m-{who}", note=HOSTILE[:500]),
            event("submit", stored, who, nothing_wrong=False),
        ]
        if who == "ann":
            events.append(event("reveal", stored, who))
        session.record(events, base=0)
        comment_on_study(store, of, who, HOSTILE)
