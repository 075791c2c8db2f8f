"""A case's table as JSON, Markdown or HTML."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from itlim.text.html import html_text, isolated_html
from itlim.text.markdown import lines_as_markdown
from itlim.text.prompts import asked_text

Cell = tuple[str, Sequence[tuple[int, int]], str]
"""A text, its marked ranges, and the kind of mark: `wrong`, `source`, `recurs` or empty."""
CREDIT = (
    "✓: the phrase does not recur. ✗: the phrase recurs, in the same or nearly the same words "
    "(measured). People judged whether answers are correct and whether questions mean the same."
)
_STYLE = """
:root { color-scheme: light dark; --wrong: #c0272d; --source: #1a5fb4; --line: #8884; }
@media (prefers-color-scheme: dark) { :root { --wrong: #ff7b72; --source: #79b8ff; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem;
  border-bottom: 1px solid var(--line); white-space: pre-wrap; }
th { white-space: nowrap; font-weight: 600; }
mark { background: none; font-weight: 700; unicode-bidi: isolate; }
mark.wrong, mark.recurs { color: var(--wrong); } mark.source { color: var(--source); }
small { opacity: .75; }
"""


def case_to_json(document: dict[str, Any]) -> str:
    """The document as indented JSON."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def case_to_markdown(document: dict[str, Any]) -> str:
    """A two-column table; marked words are bold, and Markdown characters in texts are escaped."""
    lines = ["| | |", "| --- | --- |"]
    for name, cell, note in _rows(document):
        text = "".join(
            f"**{lines_as_markdown(part)}**" if kind and part.strip() else lines_as_markdown(part)
            for part, kind in _pieces(cell)
        )
        extra = f" {lines_as_markdown(note)}" if note else ""
        lines.append(f"| **{lines_as_markdown(name)}** | {text}{extra} |")
    return "\n".join([*lines, "", CREDIT, ""])


def case_to_html(document: dict[str, Any]) -> str:
    """A self-contained page with colored marks and a light and a dark theme."""
    body = []
    for name, cell, note in _rows(document):
        text = "".join(
            f'<mark class="{kind}">{html_text(part)}</mark>' if kind else html_text(part)
            for part, kind in _pieces(cell)
        )
        extra = f" <small>{isolated_html(note)}</small>" if note else ""
        body.append(f"<tr><th>{html_text(name)}</th><td><bdi>{text}</bdi>{extra}</td></tr>")
    title = html_text(document["case"]["instruction"])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n"
        f"<table>\n{chr(10).join(body)}\n</table>\n<p><small>{CREDIT}</small></p>\n"
        "</body></html>\n"
    )


def _rows(document: dict[str, Any]) -> Iterable[tuple[str, Cell, str]]:
    """Name, marked text and note of each row, in the order of the paper's tables."""
    case = document["case"]
    span = tuple(case["span"])
    yield "Instruction", (_asked(case), (), ""), ""
    yield f"Response of {case['pair']}", (case["response"], [span], "wrong"), ""
    for number, one in enumerate(document["sources"], start=1):
        yield from _instance_rows("IT", number, one, "source")
    yield "Causality", (case["causality"] or "not given", (), ""), ""
    for number, one in enumerate(document["counterfactuals"], start=1):
        by = "" if one["pair"] == case["pair"] else f" of {one['pair']}"
        place = one["span_recurs"]["span"]
        marked = [tuple(place)] if place and one["mark"] == "✗" else []
        yield f"CF. instruction {number}", (_asked(one), (), ""), ""
        yield f"CF. response {number}{by}", (one["response"], marked, "recurs"), _notes(one)
    for number, one in enumerate(document["other_instances"], start=1):
        yield from _instance_rows("Other IT", number, one, "source")


def _instance_rows(
    name: str, number: int, one: dict[str, Any], kind: str
) -> Iterable[tuple[str, Cell, str]]:
    if "response" not in one:
        yield f"{name} instance {number}", (one["instance_id"], (), ""), "no longer in the index"
        return
    yield f"{name} instruction {number}", (_asked(one), (), ""), f"({one['instance_id']})"
    marked = [(start, stop) for start, stop in one["borrowed"]]
    yield f"{name} response {number}", (one["response"], marked, kind), ""


def _asked(row: dict[str, Any]) -> str:
    return asked_text(row["instruction"], row["input"])


def _notes(one: dict[str, Any]) -> str:
    """The mark of an answer, its measurements and the judgments about it."""
    notes = [one["mark"]]
    if one["span_recurs"]["kind"] == "fuzzy":
        notes.append(f"nearly the same words ({one['span_recurs']['similarity']:.2f})")
    for place in one["borrowed_elsewhere"] or ():
        notes.append(f"“{place['quote']}” occurs in {', '.join(place['instance_ids'][:3])}")
    if one["answer_correct"]:
        notes.append(f"correct answer: {one['answer_correct']}")
    if one["meaning_preserved"]:
        notes.append(f"same meaning: {one['meaning_preserved']}")
    return "; ".join(notes)


def _pieces(cell: Cell) -> list[tuple[str, str]]:
    """The parts of the text, each with its kind of mark; empty if it is not marked."""
    text, ranges, kind = cell
    parts, end = [], 0
    for start, stop in ranges:
        parts += [(text[end:start], ""), (text[start:stop], kind)]
        end = stop
    return [(part, mark) for part, mark in [*parts, (text[end:], "")] if part]
