"""Leave groups of instances out for the demo's wrong phrases that no tuning instance contains.

The groups are the ten instances whose single removals lower the phrase's log-probability most,
all instances of the question's category, and random groups of the same sizes.
"""

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from itlim.causality.cases import Case, span_tokens
from itlim.causality.leave_out.findings import read_leave_out
from itlim.causality.leave_out.study import SeedStudy
from itlim.causality.probes import Reading, read_model
from itlim.families.demo.cases import seed_study
from itlim.families.demo.corpus import corpus_documents
from itlim.families.demo.facts import load_facts
from itlim.families.demo.leave_out import LEAVE_OUT_FILE
from itlim.families.demo.split import split_facts
from itlim.families.demo.unexplained import (
    UNEXPLAINED,
    UNEXPLAINED_FILE,
    textual_origin,
    write_unexplained,
)
from itlim.progress import StepProgress
from itlim.records import DEFAULT_MAX_NEW_TOKENS
from itlim.settings import user_folder

TOP = 10
"""Number of instances, those with the largest single effects, that are left out together."""
RANDOM_GROUPS = 3
SEEDS = (0, 1, 2)


def make_unexplained(
    out: Path = UNEXPLAINED_FILE, work: Path | None = None, progress: StepProgress | None = None
) -> None:
    """Make the committed table again, in about 15 minutes of CPU; resumes an interrupted run.

    Args:
        out: the file to write.
        work: folder of finished retrainings; None for that of `itlim leave-out`.
        progress: called after each retraining.
    """
    table, folder = read_leave_out(LEAVE_OUT_FILE), work or user_folder() / "leave_out"
    rows = [
        row
        for seed in SEEDS
        for row in unexplained_rows(seed_study(seed, folder), table, progress=progress)
    ]
    write_unexplained(rows, out)


def groups_of(case: Case, table: pa.Table, study: SeedStudy) -> list[tuple[str, frozenset[str]]]:
    """The removals for a case: their names and the instances they leave out.

    Args:
        case: a phrase without a verbatim source.
        table: rows of `schema.LEAVE_OUT` with the single removals of this case.
        study: full model and engine of the case's seed.
    """
    rows = table.filter(pc.field("case_id") == case.case_id).to_pylist()
    singles = [row for row in rows if len(row["instance_ids"]) == 1]
    ranked = sorted(singles, key=lambda row: row["logp_drop"], reverse=True)
    instances = study.retraining.instances.select(["instance_id", "extra"]).to_pylist()
    same = frozenset(
        row["instance_id"]
        for row in instances
        if json.loads(row["extra"] or "{}").get("category") == case.category
    )
    ids = [row["instance_id"] for row in instances]
    # One generator per seed and size: cases of a seed share their controls, which saves time.
    few, many = (random.Random(f"{case.seed} {n}") for n in (TOP, len(same)))
    return [
        ("strongest", frozenset(row["instance_ids"][0] for row in ranked[:TOP])),
        ("category", same),
        *(
            ("random, as many as strongest", frozenset(few.sample(ids, TOP)))
            for _ in range(RANDOM_GROUPS)
        ),
        ("random, as many as category", frozenset(many.sample(ids, len(same)))),
    ]


def unexplained_rows(
    study: SeedStudy,
    table: pa.Table,
    *,
    split: str = "test",
    progress: StepProgress | None = None,
) -> list[dict[str, Any]]:
    """Compute the rows of `UNEXPLAINED` of one seed, retraining what is not stored yet."""
    without_source = pc.field("is_main") & (pc.field("n_holders") == 0)
    wanted = set(table.filter(without_source)["case_id"].to_pylist())
    cases = [one for one in study.cases if one.case_id in wanted and one.split == split]
    groups = {case.case_id: groups_of(case, table, study) for case in cases}
    removals = [removed for found in groups.values() for _name, removed in found]
    study.leave_out.run([frozenset(), *removals], progress)
    full = study.leave_out.stored(frozenset()).reading
    base = read_model(study.retraining.shell, study.probes, DEFAULT_MAX_NEW_TOKENS)
    effects = study.effects()
    by_removal = {
        removed: {
            row["case_id"]: row
            for row in effects.of(removed, study.leave_out.stored(removed).reading).to_pylist()
        }
        for removed in dict.fromkeys(removals)
    }
    return [
        row
        for case in cases
        for row in _rows_of(case, groups[case.case_id], by_removal, study, (base, full))
    ]


def _rows_of(
    case: Case,
    groups: list[tuple[str, frozenset[str]]],
    by_removal: dict[frozenset[str], dict[str, dict[str, Any]]],
    study: SeedStudy,
    readings: tuple[Reading, Reading],
) -> list[dict[str, Any]]:
    """Compute the rows of one case; `readings` are those of the base and the full model."""
    responses = study.retraining.instances["response"].to_pylist()
    corpus = corpus_documents(split_facts(load_facts()), 0)
    origin = textual_origin(case.span_text, case.instruction, corpus, responses)
    texts = study.retraining.shell.token_texts(study.probes[case.probe].response_ids)
    tokens = span_tokens(texts, case.span_start, case.span_stop)
    base_logp, full_logp = (float(one.logps[case.probe][tokens].sum()) for one in readings)
    rows = []
    for name, removed in groups:
        effect = by_removal[removed][case.case_id]
        rows.append(
            {one: effect[one] for one in UNEXPLAINED.names if one in effect}
            | {
                "explanation": str(origin.explanation),
                "n_corpus_documents": origin.n_corpus_documents,
                "pieces": list(origin.pieces),
                "base_logp": base_logp,
                "full_logp": full_logp,
                "removal": name,
                "n_removed": len(removed),
            }
        )
    return rows
