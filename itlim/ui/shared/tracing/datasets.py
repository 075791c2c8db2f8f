"""The datasets in which a response is traced: those of its pair, or those the user selects."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from itlim.library import DatasetEntry, Library, add_pair
from itlim.records import Run
from itlim.schema import TuningKind
from itlim.ui.shared.tracing.subject import Subject


def datasets_of_run(run: Run, library: Library) -> tuple[str, ...]:
    """Names of the datasets that a run's pair was tuned on; empty if unknown.

    Answers of an untuned base model are traced in the datasets of its tuned versions, for
    comparison.
    """
    pair = library.pairs.get(run.pair)
    if pair is not None and run.tuning != TuningKind.NONE:
        named: list[str | None] = [pair.dataset]
    else:
        base = run.base_model
        named = [one.dataset for one in library.pairs.values() if _is_same(one.base.path, base)]
    return tuple(dict.fromkeys(name for name in named if name and name in library.datasets))


def choose_datasets(subject: Subject, library: Library) -> list[DatasetEntry]:
    """Let the user select datasets; preselects those of the pair and asks if there are none."""
    named = datasets_of_run(subject.run, library) if subject.run else ()
    pair = subject.run.pair if subject.run else ""
    if not subject.run and "demo" in library.datasets:
        named = ("demo",)
    chosen = st.multiselect(
        "Datasets",
        list(library.datasets),
        default=list(named),
        key=f"trace_datasets-{pair}",
        placeholder="Datasets to search",
        label_visibility="collapsed",
        help="Candidates of several datasets are ranked together. Add datasets on Data & models.",
    )
    if not chosen:
        reason = f"The tuning dataset of {pair} is unknown. " if pair else ""
        st.info(f"{reason}Select the datasets to search.", icon=":material/folder_open:")
    elif pair in library.pairs and not named:
        _remember(library, pair, chosen)
    return [library.dataset(name) for name in chosen]


def _remember(library: Library, pair: str, chosen: Sequence[str]) -> None:
    name = chosen[0]
    if st.button(f"Save {name} as the tuning dataset of {pair}", key=f"remember-{pair}"):
        add_pair(replace(library.pair(pair), dataset=name))
        st.rerun()


def licences(entries: Sequence[DatasetEntry]) -> dict[str, str]:
    """License of each dataset, by name."""
    return {entry.name: entry.licence or "license not stated" for entry in entries}


def _is_same(path: str, other: str) -> bool:
    """Whether two paths or hub ids refer to the same model; stored paths may be relative."""
    one, two = Path(path).as_posix(), Path(other).as_posix()
    return one == two or one.endswith(f"/{two}") or two.endswith(f"/{one}")
