"""Start a batch: choose a file and pairs, see what will be answered, and start."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from itlim.batch.folders import BatchRequest, now
from itlim.batch.instructions import InstructionFile, read_instructions
from itlim.batch.plan import DEFAULT_BATCH_SIZE, BatchSettings, PairPlan, plan_pair
from itlim.batch.preview import batch_id, preview_pairs
from itlim.errors import InputError
from itlim.ids import content_hash
from itlim.library import Library
from itlim.models.fingerprint import pair_hashes
from itlim.models.model_files import how_to_build, missing_parts
from itlim.records import DEFAULT_MAX_NEW_TOKENS, Pair, PairHashes
from itlim.store.batches import batch_names
from itlim.store.connection import Store
from itlim.ui.data_models.batch_preview import show_file, show_preview
from itlim.ui.data_models.batch_source import discard_upload, instruction_file
from itlim.ui.data_models.batch_view import BATCH
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import show_note, shown_errors

NO_TRACE, OWN, TOGETHER = "No", "Each pair's own dataset", "Several datasets together"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """What the visitor set besides file and pairs."""

    settings: BatchSettings
    workers: int
    trace: bool
    trace_in: tuple[str, ...]


def new_batch(library: Library, store: Store) -> None:
    """Draw the form; the batch opens once it is started."""
    with shown_errors():
        path = instruction_file()
        if path is None:
            return
        asked = _read(path, path.stat().st_mtime_ns)
        show_file(asked)
        pairs = _choose_pairs(library)
        options = _options(library)
        if not pairs:
            return
        plans = [_planned(pair, asked, options.settings) for pair in pairs]
        previews = preview_pairs(store, plans)
        show_preview(previews, is_traced=options.trace or bool(options.trace_in))
        _start(path, asked, plans, options)


@st.cache_resource(show_spinner="Reading the file …", max_entries=4)
def _read(path: Path, stamp: int) -> InstructionFile:
    del stamp  # Only so that a changed file is read again.
    return read_instructions(path)


def _planned(pair: Pair, asked: InstructionFile, settings: BatchSettings) -> PairPlan:
    hashes = pair_hashes(pair)
    key = content_hash(asked.sha256, repr(pair), repr(hashes), repr(settings))
    return _cached_plan(key, pair, hashes, asked, settings)


@st.cache_resource(show_spinner=False, max_entries=16)
def _cached_plan(
    key: str, _pair: Pair, _hashes: PairHashes, _asked: InstructionFile, _settings: BatchSettings
) -> PairPlan:
    """Ids of thousands of requests take a second, and every click runs the page again."""
    del key
    return plan_pair(_pair, _hashes, _asked.items, _settings)


def _choose_pairs(library: Library) -> list[Pair]:
    """The chosen pairs whose models are on this machine; says what the others need."""
    missing = {name: _missing(pair) for name, pair in library.pairs.items()}
    chosen = st.multiselect(
        "Pairs",
        list(library.pairs),
        format_func=lambda name: f"{name} (not on this machine)" if missing[name] else name,
        placeholder="Choose one or more",
        key="batch_start_pairs",
        help="Each pair answers every instruction. Add pairs under Model pairs.",
    )
    for hint in dict.fromkeys(missing[name] for name in chosen if missing[name]):
        names = ", ".join(name for name in chosen if missing[name] == hint)
        show_note(
            f"{names}: {hint} The batch leaves it out until then.",
            icon=":material/construction:",
        )
    return [library.pair(name) for name in chosen if not missing[name]]


def _missing(pair: Pair) -> str:
    """What to do about a pair whose models are not on this machine; empty if they are."""
    hint = how_to_build(pair.base) or how_to_build(pair.tuned_source)
    if hint:
        return hint
    parts = missing_parts(pair)
    return f"There is no complete model in {', '.join(parts)}." if parts else ""


def _options(library: Library) -> _Options:
    left, middle, right = st.columns(3)
    tokens = left.number_input(
        "Max. new tokens", 1, 4096, DEFAULT_MAX_NEW_TOKENS, key="batch_max_tokens"
    )
    size = middle.number_input(
        "Prompts at a time",
        1,
        256,
        DEFAULT_BATCH_SIZE,
        key="batch_size",
        help="Larger is faster and needs more memory. Answers do not change.",
    )
    workers = right.number_input(
        "Workers",
        1,
        64,
        1,
        key="batch_workers",
        help="Processes, each with a pair in memory. More than one helps only if there are idle "
        "processors.",
    )
    kind = st.segmented_control(
        "Trace the phrase of each answer that is most likely borrowed",
        [NO_TRACE, OWN, TOGETHER],
        default=NO_TRACE,
        required=True,
        key="batch_trace",
    )
    together: Sequence[str] = ()
    if kind == TOGETHER:
        together = st.multiselect(
            "Datasets",
            [name for name, entry in library.datasets.items() if entry.path is not None],
            placeholder="Choose the datasets whose instances compete",
            key="batch_trace_in",
        )
        if not together:
            st.caption("Choose at least one dataset, or answers are not traced.")
    return _Options(
        settings=BatchSettings(max_new_tokens=int(tokens), batch_size=int(size)),
        workers=int(workers),
        trace=kind == OWN,
        trace_in=tuple(together),
    )


def _start(
    path: Path, asked: InstructionFile, plans: Sequence[PairPlan], options: _Options
) -> None:
    request_id = batch_id(
        (asked.sha256, options.settings.max_new_tokens, options.trace, options.trace_in), plans
    )
    watch = services.batches()
    known = watch.batch(request_id)
    if known.exists():
        show_note("This batch already exists. Opening it does not generate any answers again.")
        if _pressed("Open batch"):
            _open(request_id)
        return
    name = st.text_input("Name", _free_name(path), key=f"batch_name_{path.name}", max_chars=80)
    if not _pressed("Start batch"):
        return
    if not name.strip():
        raise InputError("The name of the batch is empty: enter one.")
    if name.strip() in _names():
        raise InputError(f"A batch named {name.strip()!r} already exists: enter another name.")
    _require_datasets(plans, options)
    request = BatchRequest(
        batch_id=request_id,
        name=name.strip(),
        pairs=tuple(plan.pair.name for plan in plans),
        file=path.name,
        n_items=len(asked.items),
        n_rejected=len(asked.rejected),
        max_new_tokens=options.settings.max_new_tokens,
        batch_size=options.settings.batch_size,
        workers=options.workers,
        trace=options.trace,
        trace_in=options.trace_in,
        requested_at=now(),
    )
    watch.create(request, path)
    discard_upload(path)
    _open(request_id)


def _pressed(label: str) -> bool:
    return st.button(label, type="primary", icon=":material/play_arrow:", key="batch_start")


def _open(batch: str) -> None:
    write_view(**{BATCH: batch})
    st.rerun()


def _require_datasets(plans: Sequence[PairPlan], options: _Options) -> None:
    unknown = [plan.pair.name for plan in plans if plan.pair.dataset is None]
    if options.trace and unknown:
        raise InputError(
            f"The dataset that {', '.join(unknown)} was tuned on is unknown: trace in datasets "
            "that you choose, or do not trace."
        )


def _names() -> set[str]:
    """Names that findings are limited by already, also those of deleted batches."""
    started = {batch.request().name for batch in services.batches().batches()}
    return started | batch_names(services.store())


def _free_name(path: Path) -> str:
    """The file's name without its suffixes, with a number if a batch has this name."""
    stem, taken = path.name.split(".")[0] or "batch", _names()
    names = (stem if number == 1 else f"{stem} {number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
