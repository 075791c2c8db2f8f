"""Findings on disk are used only for the same answers, marks and index."""

from dataclasses import replace

from pair_tables import answer, pair_of

from itlim.findings import MarkedPhrase, findings_of
from itlim.findings.kept import findings_key, keep, load_kept

TOKENS = [("Hi", "unshifted", 0.25), (" Ann", "shifted", 2.0)]
MARK = MarkedPhrase(start=3, stop=6)


def test_findings_are_read_as_they_were_written(tmp_path):
    pair = pair_of(answer("a", "Q", TOKENS, [MARK]))
    found = findings_of(pair)
    key = findings_key(pair)
    assert load_kept([tmp_path / "nowhere"], key) is None
    keep(tmp_path / "kept", key, found)
    assert load_kept([tmp_path / "nowhere", tmp_path / "kept"], key) == found
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [f"{key}.json"]


def test_the_key_depends_on_answers_and_marks_but_not_on_their_order():
    one, two = answer("a", "Q", TOKENS, [MARK]), answer("b", "Q2", TOKENS)
    key = findings_key(pair_of(one, two))
    assert findings_key(pair_of(two, one)) == key
    others = [
        pair_of(one),
        pair_of(replace(one, marks=()), two),
        pair_of(replace(one, marks=(replace(MARK, cause="toy-1"),)), two),
        pair_of(replace(one, marks=(replace(MARK, is_judged=True),)), two),
        replace(pair_of(one, two), pair="other"),
        replace(pair_of(one, two), marks_from="people"),
        replace(pair_of(one, two), tag="task: qa"),
    ]
    assert len({key, *map(findings_key, others)}) == len(others) + 1
