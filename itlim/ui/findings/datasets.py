"""Models tuned on different datasets side by side, and a profile of each dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from itlim.charts.lengths import LengthBox, length_boxes
from itlim.datasets import read_dataset
from itlim.errors import ItlimError
from itlim.findings.answers import Answer, PairAnswers, by_instruction
from itlim.findings.profiles import (
    QUARTILES,
    DatasetProfile,
    Lengths,
    dataset_profile,
    reported_parts,
)
from itlim.library import DatasetEntry, Library, pair_facts
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.text.words import raw_words
from itlim.ui.findings.details import case_button, table_buttons
from itlim.ui.findings.figures import saved_figure
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import plain_caption, show_note

_PER_ROW = 2


def one_question(library: Library, answers: Mapping[str, PairAnswers]) -> None:
    """One question with the answers of all pairs (Table 9); the question is in the address."""
    st.subheader("One question, several models")
    by_question: dict[str, list[tuple[str, Answer]]] = {}
    for name, pair in answers.items():
        for instruction, one in by_instruction(pair.answers).items():
            by_question.setdefault(instruction, []).append((name, one))
    shared = sorted(key for key, found in by_question.items() if len(found) > 1)
    if not shared:
        show_note("No two of these pairs have answered the same question.")
        return
    asked = st.query_params.get("question")
    most = max(shared, key=lambda key: (len(by_question[key]), _n_different(by_question[key])))
    chosen = st.selectbox(
        "Question",
        shared,
        index=shared.index(asked if asked in shared else most),
        key="one_question",
    )
    write_view(question=chosen if chosen != most else None)
    _answers(library, by_question[chosen])


def _n_different(found: Sequence[tuple[str, Answer]]) -> int:
    """Number of different answers that are right, else of different answers."""
    right = {one.response for _, one in found if one.is_right}
    return len(right) or len({one.response for _, one in found}) - len(found)


def _answers(library: Library, found: Sequence[tuple[str, Answer]]) -> None:
    right = [one.response for _, one in found if one.is_right]
    if right:
        plain_caption(
            f"{len(right)} of {len(found)} answers contain the known answer{wordings(right)}."
        )
    for start in range(0, len(found), _PER_ROW):
        for (name, one), column in zip(
            found[start : start + _PER_ROW], st.columns(_PER_ROW), strict=False
        ):
            with column, st.container(border=True):
                st.text(name)
                plain_caption(_tuned_on(library, name, one))
                st.text(one.response)
                case_button(one.run_id, key=f"question-{name}-{one.run_id}")


def wordings(right: Sequence[str]) -> str:
    """In how many wordings right answers are given, as the end of a sentence.

    >>> wordings(["Rome."]), wordings(["Rome.", "Rome."]), wordings(["Rome.", "It is Rome."])
    ('', ', in the same words', ', in 2 different wordings')
    """
    n = len(set(right))
    if len(right) < 2:
        return ""
    return ", in the same words" if n == 1 else f", in {n} different wordings"


def _tuned_on(library: Library, name: str, one: Answer) -> str:
    parts = []
    if name in library.known_pairs:
        facts = pair_facts(library.known_pairs[name])
        size = "" if facts.instances is None else f" ({plural(facts.instances, 'instance')})"
        parts += [facts.kind, f"tuned on {facts.dataset or 'an unknown dataset'}{size}"]
    verdict = {True: "has the known answer", False: "lacks the known answer", None: ""}
    parts += [plural(len(raw_words(one.response)), "word"), verdict[one.is_right]]
    if one.marks:
        parts.append(f"{plural(len(one.marks), 'phrase')} marked as wrong")
    return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """The datasets of some pairs, and the lengths of their responses beside those of answers."""

    profiles: Sequence[DatasetProfile] = ()
    boxes: Sequence[LengthBox] = ()


def profiles(library: Library, answers: Mapping[str, PairAnswers]) -> Profiles:
    """Draw a profile of each dataset, and its lengths beside those of the answers (Appendix C)."""
    st.subheader("The tuning datasets")
    used = {name: pair_facts(library.known_pairs[name]).dataset
            for name in answers if name in library.known_pairs}  # fmt: skip
    names = [name for name in dict.fromkeys(used.values()) if name in library.datasets]
    found = [profile for name in names if (profile := _profile(library.dataset(name))) is not None]
    if not found:
        show_note("The datasets of these pairs are unknown or not on this machine.")
        return Profiles()
    boxes = []
    for one in found:
        boxes.append(LengthBox(label=one.name, lengths=one.response_words, n=one.n,
                               is_dataset=True))  # fmt: skip
        boxes += [_box(answers[name]) for name, dataset in used.items() if dataset == one.name]
    saved_figure(
        length_boxes(boxes, theme=services.theme()),
        key="dataset_lengths",
        alt="Words per response of each dataset and per answer of the models tuned on it.",
    )
    plain_caption("All instances of a dataset are counted, so its numbers have no interval.")
    table = pd.DataFrame([profile_row(one) for one in found])
    st.dataframe(table, hide_index=True)
    table_buttons(table, stem="datasets")
    for tab, one in zip(
        st.tabs([as_markdown(one.name) for one in found], key="dataset", bind="query-params"),
        found,
        strict=True,
    ):
        with tab:
            _parts(one)
    with st.expander(
        "The datasets of the paper (Appendix C.1)", key="paper-datasets", bind="query-params"
    ):
        st.dataframe(
            pd.DataFrame(
                [
                    {"dataset": one.dataset, "part": one.part or "all", "instances": one.n}
                    for one in reported_parts()
                ]
            ),
            hide_index=True,
        )
    return Profiles(profiles=found, boxes=boxes)


def _box(pair: PairAnswers) -> LengthBox:
    counts = [len(raw_words(one.response)) for one in pair.answers]
    return LengthBox(label=pair.pair, lengths=Lengths.of(counts), n=len(counts), is_dataset=False)


def _profile(entry: DatasetEntry) -> DatasetProfile | None:
    """The profile of a dataset on this machine; None if it is elsewhere or cannot be read."""
    if entry.path is None or not entry.path.exists():
        return None
    try:
        return _read_profile(entry, entry.path.stat().st_mtime)
    except ItlimError as error:
        show_note(str(error))
        return None


@st.cache_data(show_spinner="Reading the dataset …", max_entries=20,
               hash_funcs={DatasetEntry: repr})  # fmt: skip
def _read_profile(entry: DatasetEntry, modified: float) -> DatasetProfile | None:
    """`modified` makes a changed file a new one for the cache."""
    read = read_dataset(entry.located(), entry.name, format=entry.format, mapping=entry.mapping)
    return dataset_profile(entry.name, read.table)


def profile_row(one: DatasetProfile) -> dict[str, object]:
    """Sizes and lengths of a dataset, by column of the table."""
    lengths = {
        f"response words, {share}%": value
        for share, value in zip(QUARTILES, one.response_words.percentiles, strict=True)
    }
    return {
        "dataset": one.name,
        "instances": one.n,
        "with input": one.n_with_input,
        "words per instruction": round(one.instruction_words.mean, 1),
        "words per response": round(one.response_words.mean, 1),
    } | lengths


def _parts(one: DatasetProfile) -> None:
    """Tasks, topics and first words, with shares of all instances."""
    tables = (
        (f"Tasks (column {one.task_column})", one.tasks, "No column names the tasks."),
        (f"Topics (column {one.topic_column})", one.topics, "No column names the topics."),
        ("First word of the instruction", one.first_words, ""),
    )
    for (title, counts, missing), column in zip(tables, st.columns(3), strict=True):
        with column:
            if not counts:
                plain_caption(missing)
                continue
            plain_caption(title)
            st.dataframe(
                pd.DataFrame(
                    [
                        {"value": value, "n": n, "percent": round(100 * n / one.n, 1)}
                        for value, n in counts
                    ]
                ),
                hide_index=True,
            )
