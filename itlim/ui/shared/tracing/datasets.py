"""The datasets in which a response is traced: those of its pair, or those the user selects."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from itlim.library import DatasetEntry, Library, add_pair
from itlim.records import ResponseRun, StoredRun
from itlim.schema import TuningKind
from itlim.settings import is_public
from itlim.text.markdown import as_markdown
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import show_note, show_warning
from itlim.ui.shared.tracing.subject import Subject

_PARAMETER = "datasets"
"""URL parameter: names, separated by commas."""
_SEEN = "datasets_in_url"


def datasets_of_run(run: StoredRun, library: Library) -> tuple[str, ...]:
    """Names of the datasets that a run's pair was tuned on; empty if unknown.

    Answers of an untuned base model are traced in the datasets of its tuned versions, for
    comparison. An answer without models is traced in the dataset of the pair of its model's name.
    """
    pair = library.pairs.get(run.pair)
    if isinstance(run, ResponseRun):
        named: list[str | None] = [pair.dataset if pair is not None else None]
    elif pair is not None and run.tuning != TuningKind.NONE:
        named = [pair.dataset]
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
    chosen = selected_datasets(
        list(library.datasets),
        named,
        key=f"trace_datasets-{pair}",
        help_text="Candidates of several datasets are ranked together. Add datasets on "
        "Data & models.",
    )
    if not chosen:
        reason = f"The tuning dataset of {pair} is unknown. " if pair and not named else ""
        show_note(f"{reason}Select the datasets to search.", icon=":material/folder_open:")
    elif pair in library.pairs and not named:
        _remember(library, pair, chosen)
    return [library.dataset(name) for name in chosen]


def selected_datasets(
    known: Sequence[str], default: Sequence[str], *, key: str, help_text: str | None = None
) -> list[str]:
    """Draw the selection of datasets; one that differs from the default is in the URL.

    Args:
        known: names to choose from.
        default: names that are selected if the URL names none.
        key: key of the widget.
        help_text: explains the selection.
    """
    linked = st.query_params.get(_PARAMETER)
    names, given = named_datasets(linked, known, default)
    is_new = bool(linked) and st.session_state.get(_SEEN) != linked
    if is_new:
        _warn_of_unknown([name for name in names if name and name not in known])
    is_other = is_new and key in st.session_state
    if is_other:
        st.session_state[key] = given
    chosen = st.multiselect(
        "Datasets",
        list(known),
        # A field that the browser draws again, as after a quick Back, shows its default and sends
        # it with the next input; so this is what the address names.
        default=None if is_other else given,
        key=key,
        placeholder="Datasets to search",
        label_visibility="collapsed",
        help=help_text,
    )
    shown = None if not chosen or list(chosen) == list(default) else ",".join(chosen)
    write_view(**{_PARAMETER: shown})
    st.session_state[_SEEN] = shown
    return list(chosen)


def named_datasets(
    linked: str | None, known: Sequence[str], default: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The names in an address, each once, and those of them that are known.

    >>> named_datasets("demo,x,demo", ["demo", "real"], ["real"])
    (['demo', 'x'], ['demo'])
    """
    names = list(dict.fromkeys(linked.split(",") if linked else default))
    return names, [name for name in names if name in known]


def _warn_of_unknown(names: Sequence[str]) -> None:
    if names:
        show_warning(
            f"This link searches {', '.join(names)}, which this library does not contain. "
            "Add it on Data & models.",
            icon=":material/folder_open:",
        )


def _remember(library: Library, pair: str, chosen: Sequence[str]) -> None:
    name = chosen[0]
    if is_public():
        return
    label = f"Save {as_markdown(name)} as the tuning dataset of {as_markdown(pair)}"
    if st.button(label, key=f"remember-{pair}"):
        add_pair(replace(library.pair(pair), dataset=name))
        st.rerun()


def licences(entries: Sequence[DatasetEntry]) -> dict[str, str]:
    """License of each dataset, by name."""
    return {entry.name: entry.licence or "license not stated" for entry in entries}


def _is_same(path: str, other: str) -> bool:
    """Whether two paths or hub ids refer to the same model; stored paths may be relative."""
    one, two = Path(path).as_posix(), Path(other).as_posix()
    return one == two or one.endswith(f"/{two}") or two.endswith(f"/{one}")
