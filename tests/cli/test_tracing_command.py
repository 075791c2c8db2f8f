"""`python -m itlim trace` as a user runs it: keys, offsets, options, and one-line errors."""

import json
import re
import subprocess
import sys

import pytest
from servers import ROOT
from traced_datasets import built, filler, row, write_rows

from itlim.library import DatasetEntry
from itlim.trace import build_index
from itlim.trace.index import build

NAME = "Maureen Wheeler"
SOURCE = row(f"The guides were begun by Tony and {NAME} in 1973.", instruction="Who began them?")
RESPONSE = f"It was {NAME}, not Tony. Yes, {NAME}!"
TRACE_KEYS = "span words n_occurrences null_p n_equivalent entropy candidates".split()
CANDIDATE_KEYS = (
    "rank dataset line instance_id evidence_nats concept_cos d1_similarity keyword_presence score "
    "level instruction response runs"
).split()
RUN_KEYS = "span_start span_stop field start stop nats n_instances".split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rows = [*filler(), SOURCE, None, row(f"We met {NAME} twice.", instruction="Whom?")]
    return built(tmp_path_factory.mktemp("command"), rows).folder


@pytest.fixture
def trace(itlim):
    """`itlim trace` with the arguments given."""

    def run(*arguments: object, stdin: bytes = b""):
        return itlim("trace", *arguments, stdin=stdin)

    return run


@pytest.fixture
def traced(trace, folder):
    """The JSON of a trace in the index, by words only."""

    def run(*arguments: object, response: str = RESPONSE, index=folder, stdin: bytes = b""):
        code, out, err = trace(
            "--index", index, "--instruction", "Who began the guides?", "--response", response,
            *arguments, "--lexical-only", "--json", stdin=stdin,
        )  # fmt: skip
        assert (code, err) == (0, "")
        return json.loads(out)

    return run


def test_the_json_contains_all_keys_and_values(traced):
    found = traced("--quote", NAME)
    assert set(TRACE_KEYS) <= set(found)
    assert found["span"] == [7, 22]
    assert found["words"] == ["maureen", "wheeler"]
    assert found["n_occurrences"] == 2
    assert found["null_p"] is None
    assert found["n_equivalent"] == 2
    assert 0 < found["entropy"] < 0.7
    assert len(found["candidates"]) == 2
    for rank, one in enumerate(found["candidates"], start=1):
        assert set(CANDIDATE_KEYS) <= set(one)
        assert (one["rank"], one["dataset"], one["level"]) == (rank, "toy", "weak")
        assert one["concept_cos"] is None
        assert one["d1_similarity"] is None
        assert one["keyword_presence"] == 1
        (run,) = one["runs"]
        assert set(RUN_KEYS) <= set(run)
        assert (run["field"], run["n_instances"]) == ("response", 2)
        assert [run["span_start"], run["span_stop"]] == found["span"]
        assert one["response"][run["start"] : run["stop"]] == NAME
        assert run["nats"] > one["evidence_nats"] > 0
    first = found["candidates"][0]
    # Only the instruction distinguishes the two.
    assert (first["instance_id"], first["line"]) == ("toy-151", 151)
    assert (first["instruction"], first["response"]) == (SOURCE["instruction"], SOURCE["output"])


def test_nth_selects_an_occurrence(traced):
    assert traced("--quote", NAME)["span"] == [7, 22]
    assert traced("--quote", NAME, "--nth", 1)["span"] == [7, 22]
    second = traced("--quote", NAME, "--nth", 2)
    assert second["span"] == [39, 54] == [RESPONSE.rindex(NAME), RESPONSE.rindex(NAME) + 15]
    (run, *_) = second["candidates"][0]["runs"]
    assert [run["span_start"], run["span_stop"]] == [39, 54]
    overlapping = traced("--quote", "ana", "--nth", 2, response="banana")
    assert overlapping["span"] == [3, 6]


@pytest.mark.parametrize(
    "response",
    [
        f"😀👩‍👩‍👧 it was {NAME} 😀",
        f"Cafe\u0301 n\u0303 – {NAME}\u0301\u0302!",
        f"אמרו: {NAME} שלום",
        f"قالوا {NAME}",
        f"\r\n\t{NAME}\u2028",
    ],
)
def test_offsets_are_code_points_and_half_open(traced, response):
    start = response.index(NAME)
    by_quote = traced("--quote", NAME, response=response)
    by_span = traced("--span", f"{start}:{start + len(NAME)}", response=response)
    for found in (by_quote, by_span):
        assert found["span"] == [start, start + 15]
        assert response[slice(*found["span"])] == found["quote"] == NAME
    assert by_quote == by_span


def test_offsets_in_the_instance_are_code_points_too(tmp_path, traced):
    texts = [f"😀 Cafe\u0301, {NAME} 😀", f"שלום {NAME}"]
    index = built(tmp_path, [*filler(40), *map(row, texts)]).folder
    for one in traced("--quote", NAME, index=index)["candidates"]:
        (run,) = one["runs"]
        assert one["response"][run["start"] : run["stop"]] == NAME
        assert run["start"] == one["response"].index(NAME)


def test_a_part_of_a_word_is_traced_as_the_whole_word(traced):
    found = traced("--span", "9:17")
    assert found["span"] == [9, 17]
    assert found["quote"] == "ureen Wh"
    assert found["words"] == ["maureen", "wheeler"]
    run = found["candidates"][0]["runs"][0]
    assert [run["span_start"], run["span_stop"]] == [7, 22]


def test_the_response_is_read_from_standard_input_unchanged(traced):
    given = f"So,\r\n{NAME}\r\n"
    found = traced("--quote", NAME, response="-", stdin=given.encode())
    assert found["response"] == given
    assert found["span"] == [5, 20]


def test_top_limits_the_candidates(traced):
    found = traced("--quote", NAME, "--top", 1)
    assert [one["rank"] for one in found["candidates"]] == [1]
    assert found["n_equivalent"] == 2


def test_several_indexes_are_ranked_together(traced, folder, tmp_path):
    other = built(tmp_path, [*filler(40, seed=3), row(f"{NAME}, not Tony")], "other").folder
    found = traced("--quote", f"{NAME}, not Tony", "--index", other)
    names = [one["instance_id"] for one in found["candidates"]]
    assert names[0] == "other-41"
    assert set(names) == {"other-41", "toy-151", "toy-153"}
    assert [one["rank"] for one in found["candidates"]] == [1, 2, 3]
    scores = [one["score"] for one in found["candidates"]]
    assert scores == sorted(scores, reverse=True)


def test_duplicating_the_source_changes_its_evidence_by_less_than_a_nat(traced, tmp_path):
    found = []
    for copies in (1, 2):
        rows = [*filler(), *[SOURCE] * copies]
        index = built(tmp_path / str(copies), rows).folder
        found.append(traced("--quote", f"{NAME}, not Tony", index=index))
    once, twice = found
    assert [once["n_equivalent"], twice["n_equivalent"]] == [1, 2]
    before, after = once["candidates"][0], twice["candidates"][0]
    assert before["instance_id"] == after["instance_id"] == "toy-151"
    assert abs(before["evidence_nats"] - after["evidence_nats"]) < 1


@pytest.mark.parametrize("n_instances", [2, 3])
def test_a_rare_name_keeps_its_evidence_if_other_instances_contain_it(
    traced, tmp_path, n_instances
):
    others = [row(f"We met {NAME} twice."), row(f"Then came a letter: {NAME} was away.")]
    once = traced("--quote", NAME, index=built(tmp_path / "1", [*filler(), SOURCE]).folder)
    rows = [*filler(), SOURCE, *others[: n_instances - 1]]
    more = traced("--quote", NAME, index=built(tmp_path / "2", rows).folder)
    nats = {one["instance_id"]: one["evidence_nats"] for one in more["candidates"]}
    assert abs(nats["toy-151"] - once["candidates"][0]["evidence_nats"]) < 1
    assert len(nats) == n_instances


def test_lines_are_those_of_the_source_file(traced, tmp_path):
    path = tmp_path / "lines.jsonl"
    lines = write_rows(path, [*filler(30), SOURCE]).read_text().splitlines()
    lines[10:10] = ["", "{no json", ""]
    path.write_text("\n".join(lines) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "write_chance", lambda _folder, _phases: None)
        entry = DatasetEntry(name="lines", path=path)
        index = build_index(entry, tmp_path / "index", lexical_only=True).folder
    found = traced("--quote", NAME, index=index)
    (one,) = found["candidates"]
    assert json.loads(path.read_text().split("\n")[one["line"] - 1])["output"] == SOURCE["output"]
    assert one["line"] == 34


def test_spans_lists_the_verbatim_spans(trace, folder):
    response = f"😀 Indeed {NAME} in 1973."
    code, out, _ = trace(
        "--index", folder, "--instruction", "", "--response", response, "--spans", "--json"
    )
    assert code == 0
    (span,) = json.loads(out)["spans"]
    assert span["span"] == [9, 32]
    assert span["quote"] == f"{NAME} in 1973"
    assert (span["n_words"], span["n_instances"], span["rows"]) == (4, 1, [151])
    assert (span["dataset"], span["is_style"], span["in_instruction"]) == ("toy", False, False)
    assert span["null_p"] is None
    assert span["nats"] > 10
    _, out, _ = trace("--index", folder, "--instruction", "", "--response", f"So {NAME}", "--spans")
    assert re.fullmatch(
        r"3:18\trarity \d+\.\d nats\t2 instances\tcontent\t'Maureen Wheeler'\n", out
    )
    _, out, _ = trace("--index", folder, "--instruction", "", "--response", "Nothing", "--spans")
    assert out.startswith("No span of the response occurs in the datasets")


def test_without_json_the_output_is_readable_text(trace, folder):
    asked = "--index", folder, "--instruction", "", "--lexical-only"
    code, out, err = trace(*asked, "--response", RESPONSE, "--quote", NAME)
    assert (code, err) == (0, "")
    assert "'Maureen Wheeler' occurs verbatim 2 times in the datasets." in out
    assert "Probability of an equally good match by chance: unknown." in out
    assert "Equally good candidates: 2." in out
    assert re.search(
        r"1\. toy-15[13] \(line 15[13], weak\): evidence \d+\.\d nats: 'Maureen Wheeler'", out
    )
    _, out, _ = trace(*asked, "--response", "Nothing here", "--quote", "Nothing")
    assert "No source found" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--quote", "Nobody"], "The quote 'Nobody' occurs 0 times in the response, not 1"),
        (["--quote", NAME, "--nth", 3], "occurs 2 times in the response, not 3"),
        (["--quote", NAME, "--nth", 0], "expected words and a number from 1"),
        (["--quote", ""], "expected words and a number from 1"),
        (["--quote", "!"], "contains no letter or digit. Select a word"),
        (["--span", "7"], "expected START:STOP, two numbers, such as 12:27"),
        (["--span", "a:b"], "expected START:STOP"),
        (["--span", "7:7"], "is not inside the response of 55 code points"),
        (["--span", "7:900"], "is not inside"),
        (["--span", "9:7"], "is not inside"),
        (["--quote", NAME, "--top", 0], "0 candidates requested: expected at least 1"),
        (["--quote", NAME, "--spans"], "Give at most one of"),
        (["--quote", NAME, "--span", "1:2"], "Give at most one of"),
        (["--quote", NAME, "--index", "missing"], "missing does not contain an index"),
        (["--quote", NAME, "--response", "by \udcff"], "--response is not UTF-8 at character 3"),
        (["--quote", NAME, "--instruction", "\udcff"], "--instruction is not UTF-8"),
    ],
)
def test_invalid_input_prints_one_line_and_exits_with_code_2(trace, folder, arguments, message):
    code, out, err = trace(
        "--index", folder, "--instruction", "", "--response", RESPONSE, "--lexical-only", *arguments
    )
    assert (code, out) == (2, "")
    assert err.startswith("itlim: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("missing", ["--index", "--instruction", "--response"])
def test_a_missing_required_option_is_named(trace, folder, missing):
    given = {"--index": str(folder), "--instruction": "a", "--response": "b", "--quote": "b"}
    given.pop(missing)
    code, _, err = trace(*[part for pair in given.items() for part in pair])
    assert code == 2
    assert missing in err


def test_standard_input_that_is_not_utf_8_is_rejected(trace, folder):
    code, _, err = trace(
        "--index", folder, "--instruction", "", "--response", "-", "--quote", "b", stdin=b"by \xff"
    )
    assert code == 2
    assert err == "itlim: Standard input is not UTF-8 at byte 3: convert it first.\n"


def test_a_damaged_index_says_what_to_do(trace, tmp_path):
    index = built(tmp_path, [row("a b"), row("c")]).folder
    (index / "words.i32").write_bytes(b"")
    code, _, err = trace("--index", index, "--instruction", "", "--response", "a", "--quote", "a")
    assert code == 2
    assert "Rebuild the index" in err
    assert err.count("\n") == 1


def test_tracing_by_words_needs_no_model_and_no_store(folder, tmp_path):
    arguments = ["--index", str(folder), "--instruction", "", "--response", RESPONSE, "--spans"]
    code = (
        "import sys; from itlim.__main__ import main; sys.argv[0] = 'itlim'; main(); "
        "print(sorted({'torch', 'sentence_transformers', 'faiss', 'streamlit'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "trace", *arguments],
        cwd=ROOT,
        env={"ITLIM_HOME": str(tmp_path / "home"), "PATH": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "Maureen Wheeler" in done.stdout
    assert done.stdout.endswith("[]\n"), "none of these may be imported"
    assert not (tmp_path / "home").exists()


def test_without_a_phrase_the_most_likely_borrowed_one_is_traced_and_p_is_corrected(traced):
    found = traced()
    assert NAME in found["quote"]
    assert found["n_choices"] > 1
    assert {one["row"] for one in found["candidates"][:2]} == {151, 153}


def test_words_of_the_input_are_no_phrase_of_a_source(trace, folder):
    asked = ("--index", folder, "--instruction", "Repeat it.", "--response", RESPONSE)
    code, out, _ = trace(*asked, "--spans", "--json")
    assert code == 0
    assert not any(one["in_instruction"] for one in json.loads(out)["spans"])
    code, out, _ = trace(*asked, "--input", RESPONSE, "--spans", "--json")
    assert code == 0
    assert all(one["in_instruction"] for one in json.loads(out)["spans"])
