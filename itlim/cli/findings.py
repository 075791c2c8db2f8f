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
    shortest: Annotated[
        int | None, typer.Option("--min-words", help="Only answers with at least so many words.")
    ] = None,
    longest: Annotated[
        int | None, typer.Option("--max-words", help="Only answers with at most so many words.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Only pairs that were tuned on this dataset.")
    ] = None,
    keep_in: Annotated[
        Path | None,
        typer.Option("--keep", help="Also write them to this folder, where the app reads them."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Recompute the paper's claims on stored answers, beside the numbers that it reports.

    With two --pair, the cases of Figure 6 and the likeness of both pairs' answers are added.
    """
    from itlim.findings import findings_of
    from itlim.findings.base_control import base_control
    from itlim.findings.kept import findings_key, keep
    from itlim.findings.length import WordRange

    if db is not None and runs is not None:
        raise InputError("Give either --db or --runs.")
    library = load_library()
    words = WordRange(shortest=shortest, longest=longest)
    names = _tuned_on(dataset, pair or _tuned_pairs(library, db, runs), library)
    found: list[Estimate] = []
    read: list[PairAnswers] = []
    with ProgressReport(f"Findings of {', '.join(names)}", NOTHING_SAVED) as report:
        for name in names:
            index = _index(name, library, report, is_named=pair is not None)
            answers = _answers(name, library, db, runs, index)
            if tag is not None:
                tagged = _tags(db, runs)
                answers = answers.only(
                    {one for one, tags in tagged.items() if tag in tags}, tag=tag
                )
            if words.is_limited:
                texts = {one.run_id: one.response for one in answers.answers}
                answers = answers.only(words.chosen(texts), words=words)
            mine = findings_of(answers, progress=report.fraction)
            if keep_in is not None:
                keep(keep_in, findings_key(answers), mine)
            found += mine
            is_limited = tag is not None or words.is_limited
            found += _source_tests(answers, library, db, runs, is_limited=is_limited)
            kept_in = () if keep_in is None else (keep_in,)
            found.append(base_control(answers, _base_rows(name, db, runs), kept_in))
            read.append(answers)
    if pair is not None and len(read) == 2:
        found += _about_both(read[0], read[1], db, runs)
    if as_json:
        rows = [one.row() for one in found]
        typer.echo(json.dumps(rows, ensure_ascii=False, allow_nan=False, indent=1))
        return
    print_estimates(found)


def _tuned_on(dataset: str | None, names: Sequence[str], library: Library) -> list[str]:
    """The pairs that were tuned on a dataset; all of them without one."""
    known = library.known_pairs
    if dataset is None:
        return list(names)
    found = [name for name in names if name in known and known[name].dataset == dataset]
    if not found:
        others = sorted({str(known[name].dataset) for name in names if name in known} - {"None"})
        raise InputError(
            f"None of {', '.join(names)} was tuned on {dataset!r}. Their datasets: "
            f"{', '.join(others) or 'unknown'}."
        )
    return found


def _source_tests(
    answers: "PairAnswers",
    library: Library,
    db: Path | None,
    runs: Path | None,
    *,
    is_limited: bool,
) -> "list[Estimate]":
    from itlim.findings.source_tests import source_test_findings
    from itlim.store.connection import Store

    among = answers.answers if is_limited else None
    if runs is not None:
        return source_test_findings(library, None, answers.pair, among)
    with Store(db or database_path()) as store:
        return source_test_findings(library, store, answers.pair, among)


def _base_rows(name: str, db: Path | None, runs: Path | None) -> list[dict[str, str]]:
    """What the base model of a pair answered alone."""
    from itlim.findings.base_control import base_rows
    from itlim.store.answers import base_answers
    from itlim.store.connection import Store

    if runs is not None:
        return base_rows(runs, name)
    with Store(db or database_path()) as store:
        return base_answers(store, name)


def _about_both(
    first: "PairAnswers", second: "PairAnswers", db: Path | None, runs: Path | None
) -> "list[Estimate]":
    """The numbers about two pairs; those of side-by-side studies are in a database."""
    from itlim.findings.likeness import likeness_findings
    from itlim.findings.outcomes import judged_outcomes, marked_outcomes
    from itlim.store.connection import Store

    found = [*marked_outcomes(first, second), *likeness_findings(first, second)]
    if runs is None:
        with Store(db or database_path()) as store:
            found += judged_outcomes(store, first.pair, second.pair)
    return found


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
    names = [name for name in library.known_pairs if name in known]
    if not names:
        raise InputError("No pair of the library has stored answers: ask one, or give --pair NAME.")
    return names


def _answers(
    name: str, library: Library, db: Path | None, runs: Path | None, index: "TraceIndex | None"
) -> "PairAnswers":
    from itlim.findings.library_pairs import as_tuned, library_answers
    from itlim.findings.reading import read_folder
    from itlim.store.connection import Store

    if runs is not None:
        return as_tuned(library, read_folder(runs, name, index))
    with Store(db or database_path()) as store:
        return library_answers(library, store, name, index)


def _tags(db: Path | None, runs: Path | None) -> dict[str, frozenset[str]]:
    """The tags of all runs of the folder or the database."""
    from itlim.store.batches import tags_by_run, tags_of_rows
    from itlim.store.connection import Store
    from itlim.store.shipped import TAGS_FILE

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


def _index(
    name: str, library: Library, report: ProgressReport, *, is_named: bool
) -> "TraceIndex | None":
    """The index of the pair's tuning dataset, built if it ships and has none."""
    from itlim.trace import ensure_index, index_folder, open_index

    dataset = library.known_pairs[name].dataset if name in library.known_pairs else None
    if dataset is None:
        return None
    entry = library.dataset(dataset)
    # Like the page, which builds no index for variants that were not chosen.
    if library.ships(entry) and (is_named or name in library.pairs):
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
