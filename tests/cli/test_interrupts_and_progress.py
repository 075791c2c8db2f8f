"""Ctrl-C and progress reports of the commands, in real processes without a terminal."""

import io
import os
import signal
import subprocess
import sys
import time

import pytest

from itlim.cli.terminal import CommandInterrupted, ProgressReport
from itlim.settings import DEMO_FOLDER


def interrupted(arguments, after, tmp_path, group=False):
    """Exit code and standard error of a command that gets SIGINT once a line was printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "itlim", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ITLIM_HOME": str(tmp_path / "home")},
        start_new_session=True,
        # A shell that runs the tests in the background ignores SIGINT, which children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    first = ""
    for line in process.stderr:
        first += line
        if after in line:
            break
    time.sleep(0.5)
    if group:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    return process.returncode, first + rest


@pytest.mark.full
def test_ctrl_c_ends_training_with_code_130_and_one_sentence_and_leaves_no_half_model(tmp_path):
    out = tmp_path / "tuned"
    code, errors = interrupted(
        ("train", "--recipe", "sft", "--base", DEMO_FOLDER / "models" / "base",
         "--dataset", "demo", "--out", out),
        "Tune ", tmp_path,
    )  # fmt: skip
    assert code == 130
    assert errors.splitlines()[-1] == (
        "itlim: interrupted. Nothing was saved: the same command starts over."
    )
    assert not out.exists()


@pytest.mark.full
def test_ctrl_c_in_a_terminal_ends_the_processes_of_a_command_without_a_traceback(tmp_path):
    code, errors = interrupted(
        ("demo", "build", "--out", tmp_path / "demo"), "Train the demo family", tmp_path, group=True
    )
    assert code == 130
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("itlim: interrupted. ")


def test_an_interrupted_index_says_how_to_resume(tmp_path):
    rows = tmp_path / "rows.jsonl"
    row = '{"instruction": "Name a number.", "output": "Number %d."}\n'
    rows.write_text("".join(row % number for number in range(200_000)))
    code, errors = interrupted(
        ("index", rows, "--out", tmp_path / "index"), "Index words and embeddings", tmp_path
    )
    assert code == 130
    assert errors.splitlines()[-1].startswith("itlim: interrupted. Finished indexes are kept")
    assert not (tmp_path / "index").exists()


def test_without_a_terminal_a_line_states_progress_and_time_left_at_each_interval():
    stream = io.StringIO()
    with ProgressReport("Work through 4 rows", interval=0.05, stream=stream) as report:
        for done in range(1, 4):
            time.sleep(0.12)
            report.steps(done, 4, "row")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Work through 4 rows"
    assert any(line.startswith("row, 50% (2 of 4), 00:00 elapsed, about 00:0") for line in lines)


def test_a_step_that_takes_longer_than_an_interval_is_reported_meanwhile():
    stream = io.StringIO()
    with ProgressReport(interval=0.05, stream=stream) as report:
        report.fraction(0.0, "Loading")
        time.sleep(0.3)
    assert stream.getvalue().count("Loading, 0%") >= 3


def test_work_shorter_than_an_interval_prints_nothing():
    stream = io.StringIO()
    with ProgressReport(stream=stream) as report:
        report.steps(1, 2, "step")
    assert stream.getvalue() == ""


def test_an_interrupt_inside_a_report_carries_the_resume_note():
    with (
        pytest.raises(CommandInterrupted, match="Run it again"),
        ProgressReport(resume="Run it again.", stream=io.StringIO()),
    ):
        raise KeyboardInterrupt
