"""The command `findings`: the paper's claims, recomputed on stored answers."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itlim.cli.options import JsonFlag
from itlim.cli.terminal import NOTHING_SAVED, ProgressReport, print_table
from itlim.errors import InputError
from itlim.library import Library, load_library
from itlim.settings import database_path

if TYPE_CHECKING:
    from itlim.findings import Estimate, PairAnswers
    from itlim.trace import TraceIndex

_HEADER = ("finding", "value", "95% interval", "n", "paper")


def findings(
    pair: Annotated[
        list[str] | None, typer.Option(help="Pair whose stored answers are used; may be repeated.")
    ] = None,
    db: Annotated[Path | None, typer.Option(help="Database with the answers.")] = None,
    runs: Annotated[
        Path | None,
        typer.Option(help="Folder with runs.parquet and token_shifts.parquet instead of --db."),
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option(help='Only answers with this tag of a batch, as "task: x" or "topic: x".'),
    ] = None,
    keep_in: Annotated[
        Path | None,
        typer.Option("--keep", help="Also write them to this folder, where the app reads them."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Recompute the paper's claims on stored answers, beside the numbers that it reports."""
    from itlim.findings import findings_of
    from itlim.findings.kept import findings_key, keep

    if db is not None and runs is not None:
        raise InputError("Give either --db or --runs.")
    library = load_library()
    names = pair or _tuned_pairs(library, db, runs)
    found: list[Estimate] = []
    with ProgressReport(f"Findings of {', '.join(names)}", NOTHING_SAVED) as report:
        for name in names:
            answers = _answers(name, library, db, runs, report)
            if tag is not None:
                tagged = _tags(db, runs)
                answers = answers.only({one for one, tags in tagged.items() if tag in tags})
            mine = findings_of(answers, progress=report.fraction)
            if keep_in is not None:
                keep(keep_in, findings_key(answers), mine)
            found += mine
    if as_json:
        rows = [one.row() for one in found]
        typer.echo(json.dumps(rows, ensure_ascii=False, allow_nan=False, indent=1))
        return
    print_estimates(found)


def _tuned_pairs(library: Library, db: Path | None, runs: Path | None) -> list[str]:
    """The pairs of the library that have answers."""
    if runs is not None:
        import pyarrow.parquet as pq

        from itlim.store.shipped import RUNS_FILE

        if not (runs / RUNS_FILE).exists():
            raise InputError(f"{runs} has no {RUNS_FILE}: give a folder of exported runs.")
        known = set(pq.read_table(runs / RUNS_FILE, columns=["pair"])["pair"].to_pylist())
    else:
        from itlim.store.comparisons import answering_pairs
        from itlim.store.connection import Store

        with Store(db or database_path()) as store:
            known = set(answering_pairs(store))
    names = [name for name in library.pairs if name in known]
    if not names:
        raise InputError("No pair of the library has stored answers: ask one, or give --pair NAME.")
    return names


def _answers(
    name: str, library: Library, db: Path | None, runs: Path | None, report: ProgressReport
) -> "PairAnswers":
    from itlim.findings.answers import read_folder
    from itlim.findings.stored import read_store
    from itlim.store.connection import Store

    index = _index(name, library, report)
    if runs is not None:
        return read_folder(runs, name, index)
    with Store(db or database_path()) as store:
        gold = [family.gold for family in library.families.values()]
        return read_store(store, name, index, gold=gold)


def _tags(db: Path | None, runs: Path | None) -> dict[str, frozenset[str]]:
    """The tags of all runs of the folder or the database."""
    from itlim.batch.output import TAGS_FILE
    from itlim.store.batches import tags_by_run, tags_of_rows
    from itlim.store.connection import Store

    if runs is None:
        with Store(db or database_path()) as store:
            return tags_by_run(store)
    import pyarrow.parquet as pq

    path = runs / TAGS_FILE
    if not path.exists():
        raise InputError(f"{runs} has no {TAGS_FILE}: `itlim batch` writes it.")
    columns = ["run_id", "task", "topic"]
    rows = pq.read_table(path, columns=columns).to_pylist()
    return tags_of_rows(tuple(row[name] for name in columns) for row in rows)


def _index(name: str, library: Library, report: ProgressReport) -> "TraceIndex | None":
    """The index of the pair's tuning dataset, built if it ships and has none."""
    from itlim.trace import ensure_index, index_folder, open_index

    dataset = library.pairs[name].dataset if name in library.pairs else None
    if dataset is None:
        return None
    entry = library.dataset(dataset)
    if library.ships(entry):
        return ensure_index(entry, progress=report.fraction)
    folder = index_folder(entry)
    return open_index(folder) if folder.exists() else None


def print_estimates(found: "Sequence[Estimate]") -> None:
    """Print estimates as one table per pair."""
    for name in dict.fromkeys(one.pair for one in found):
        typer.echo(f"\n{name}")
        print_table([_HEADER, *(_row(one) for one in found if one.pair == name)])


def _row(one: "Estimate") -> tuple[str, ...]:
    paper = "-" if one.paper_value is None else f"{one.paper_value:g}"
    if one.value is None:
        return one.finding_id, "-", one.missing, "0", paper
    interval = "-" if one.ci_low is None else f"{one.ci_low:.3g} to {one.ci_high:.3g}"
    return one.finding_id, f"{one.value:.3g} {one.unit}", interval, f"{one.n:,} {one.of}", paper
