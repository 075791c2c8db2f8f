"""Many visitors at once: no errors, no growing memory, nothing lost and nothing doubled."""

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

import numpy as np
import psutil
import pytest
from example_studies import items, put, study
from servers import ROOT, start_streamlit, warm_up
from visitor import Visitor, visiting

from itlim.annotation.recording import AnnotationSession, sheets_of
from itlim.store.connection import Store
from itlim.store.studies import create_study, load_item
from itlim.ui.shared.memory import SECONDS

pytestmark = pytest.mark.full
VISITORS, ASKING, WAVES = 20, 5, 5
ANNOTATORS, EDITS = 8, 200
KEPT_SECONDS = 10
"""How long the server keeps a session whose visitor has left, for a reconnection."""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """Address and process of the app, with a database of its own."""
    folder = tmp_path_factory.mktemp("load")
    address, process = start_streamlit(
        ROOT / "app.py",
        folder,
        ITLIM_HOME=str(folder),
        STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL=str(KEPT_SECONDS),
    )
    warm_up(address)
    yield address.removeprefix("http://"), psutil.Process(process.pid)
    process.terminate()
    process.wait(20)


@dataclass(slots=True)
class Wave:
    """What one wave of visitors met."""

    errors: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    """Runs that live questions led to."""

    def add(self, visitor: Visitor) -> None:
        self.errors += visitor.errors
        self.seconds += visitor.seconds


async def look_around(address, wave, number):
    """Read a shipped answer and open two of: its trace, its removal, the findings, Mark."""
    async with visiting(address) as socket:
        visitor = Visitor(socket)
        await visitor.visit("")
        run = parse_qs(visitor.query).get("run", [""])[0]
        assert visitor.n_views, "the first page shows an answer"
        pages = ["trace", "test", "findings", "mark"] * 2
        for page in pages[number % 4 : number % 4 + 2]:
            await visitor.visit(page, urlencode({"run": run}) if page in ("trace", "test") else "")
        wave.add(visitor)


async def ask(address, wave, number):
    """Ask a question of one's own and wait for the stored answer."""
    async with visiting(address) as socket:
        visitor = Visitor(socket)
        await visitor.visit("")
        shown = parse_qs(visitor.query).get("run")
        question = f"Who founded the town of Number {number}?"
        await visitor.press("Ask", {"Instruction": question})
        for _ in range(600):
            run = parse_qs(visitor.query).get("run")
            if run and run != shown:
                wave.answered.append(run[0])
                break
            await asyncio.sleep(0.2)
            await visitor.update()
        wave.add(visitor)


def on_a_thread(work):
    """The result of a coroutine. Playwright's event loop runs in the main thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def one_wave(address, first_question):
    wave = Wave()
    async with asyncio.TaskGroup() as group:
        for number in range(VISITORS):
            group.create_task(look_around(address, wave, number))
        for number in range(ASKING):
            group.create_task(ask(address, wave, first_question + number))
    return wave


async def memory_at_rest(address, process):
    """RSS after the sessions of earlier visitors have ended and their memory was given back.

    Without this, the reading depends on how many of the waves were fast enough to be kept.
    """
    readings = []
    # Streamlit drops old sessions when another one ends, and on a busy machine it may notice late
    # that a visitor has left. Memory is given back after some work.
    for _ in range(3):
        await asyncio.sleep(KEPT_SECONDS + 1)
        async with visiting(address) as socket:
            visitor = Visitor(socket)
            for page in ("", "trace", "findings"):
                await visitor.visit(page)
        await asyncio.sleep(SECONDS + 2)
        readings.append(process.memory_info().rss)
    return min(readings)


def test_twenty_readers_and_five_askers_meet_no_error_and_memory_does_not_grow(app, capsys):
    address, process = app
    memory, seconds, answered = [], [], []
    for number in range(WAVES):
        wave = on_a_thread(one_wave(address, number * ASKING))
        assert wave.errors == []
        seconds += wave.seconds
        answered += wave.answered
        if number in (1, WAVES - 1):
            memory.append(on_a_thread(memory_at_rest(address, process)))
    p50, p95 = np.percentile(seconds, [50, 95])
    with capsys.disabled():
        print(
            f"\n{VISITORS} readers and {ASKING} askers, {WAVES} waves: "
            f"{len(seconds)} page updates, p50 {p50:.2f} s, p95 {p95:.2f} s; RSS "
            f"after wave 2 {memory[0] / 1e6:.0f} MB, after wave {WAVES} {memory[1] / 1e6:.0f} MB"
        )
    assert len(set(answered)) == WAVES * ASKING, "each question has an answer of its own"
    assert memory[1] <= 1.05 * memory[0]


def test_eight_annotators_at_once_lose_and_double_nothing(tmp_path):
    names = [f"person {number}" for number in range(ANNOTATORS)]
    sent: dict[str, list[str]] = {name: [] for name in names}
    failures: list[BaseException] = []
    with Store(tmp_path / "x.duckdb") as store:
        of = study(annotators_per_item=ANNOTATORS)
        create_study(store, of, items(of), by="lead")
        (first, *_) = items(of)
        item = load_item(store, of.study_id, first.item_id)

        def annotate(name):
            try:
                session = AnnotationSession(store=store, study=of, item=item, annotator=name)
                for version in range(EDITS):
                    edit = put(item, item.text.split()[version % 3], name)
                    session.record([edit], base=version)
                    sent[name].append(edit.event_id)
            except BaseException as error:
                failures.append(error)
                raise

        threads = [threading.Thread(target=annotate, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        with store.reading() as cursor:
            stored = cursor.execute(
                "SELECT annotator, event_id FROM annotation_events WHERE kind = 'put_mark' "
                "ORDER BY seq"
            ).fetchall()
        by_name = {name: [one for who, one in stored if who == name] for name in names}
        assert by_name == sent
        assert max(Counter(one for _, one in stored).values()) == 1
        sheets = sheets_of(store, of.study_id)
        assert {sheets[item.item_id, name].version for name in names} == {EDITS}
