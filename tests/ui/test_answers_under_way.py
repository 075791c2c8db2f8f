"""Questions that are being answered are known to the next start of the app, and only lost ones."""

import json
import os
import signal
import subprocess
import sys

import pytest

from itlim.settings import PROJECT_FOLDER
from itlim.ui.shared.answers_under_way import AnswersUnderWay

ANSWER = """
import sys, time
from pathlib import Path
from itlim.ui.shared.answers_under_way import AnswersUnderWay
with AnswersUnderWay(Path(sys.argv[1])).noted("0123", "Who founded\\nToyota?"):
    print("answering", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def under_way(tmp_path):
    return AnswersUnderWay(tmp_path / "answering")


def test_an_answer_of_a_killed_process_is_lost_and_told_once(under_way, tmp_path):
    command = [sys.executable, "-c", ANSWER, str(tmp_path / "answering")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT_FOLDER) as process:
        process.stdout.readline()
        assert under_way.lost() == [], "it is being answered"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert under_way.lost() == ["Who founded\nToyota?"]
    assert under_way.lost() == []


@pytest.mark.parametrize("error", [None, ValueError])
def test_a_question_that_was_answered_or_failed_is_not_lost(under_way, error):
    try:
        with under_way.noted("0123", "Who?"):
            if error:
                raise error
    except ValueError:
        pass
    assert under_way.lost() == []


def test_another_process_with_the_same_number_answers_nothing(under_way, tmp_path):
    with under_way.noted("0123", "Who?"):
        (path,) = (tmp_path / "answering").iterdir()
        document = json.loads(path.read_text(encoding="utf-8"))
        assert document["pid"] == os.getpid()
        path.write_text(json.dumps(document | {"since": 1.5}), encoding="utf-8")
        assert under_way.lost() == ["Who?"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1e999}'])
def test_a_half_written_note_says_that_something_was_lost(under_way, tmp_path, content):
    (tmp_path / "answering").mkdir()
    (tmp_path / "answering" / "0123.json").write_text(content, encoding="utf-8")
    assert under_way.lost() == [""]


@pytest.mark.parametrize("pid", [-1, 10**30])
def test_a_number_that_no_process_can_have_is_that_of_an_ended_one(under_way, tmp_path, pid):
    (tmp_path / "answering").mkdir()
    document = {"instruction": "Who?", "pid": pid, "since": 1.5}
    (tmp_path / "answering" / "0123.json").write_text(json.dumps(document), encoding="utf-8")
    assert under_way.lost() == ["Who?"]


def test_a_folder_that_cannot_be_written_does_not_stop_an_answer(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    under_way = AnswersUnderWay(tmp_path / "file")
    with under_way.noted("0123", "Who?"):
        pass
    assert under_way.lost() == []
