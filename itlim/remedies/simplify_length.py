"""Shorten a response to its first sentences and the first items of its lists."""

import re

from itlim.text.sentences import sentence_ends

_ITEM = re.compile(
    r"(?P<indent>\s*)(?:(?:[-*•+–]|\(?\d{1,3}[.)]|[a-zA-Z][.)]|[ivx]{2,4}[.)])\s+(?=\S)|[-•](?=[^\W\d]))"
)
_NO_MARK = re.compile(r"(?P<indent>\s*)")
_ENDS = re.compile(r"[.!?…:;,。！？][\"'”’»)\]*_]*\s*$")
_HEADING = re.compile(r"^\s*#{1,6}\s*\S")


def shortened(text: str, sentences: int, items: int) -> str:
    """The first sentences, and the first items of lists up to there."""
    kept: list[str] = []
    budget, listed, indent = sentences, 0, 0
    lines = text.split("\n")
    unmarked = _unmarked_items(lines)
    for place, line in enumerate(lines):
        item = _ITEM.match(line) or (_NO_MARK.match(line) if place in unmarked else None)
        if item:
            leads_in = bool(kept) and _last(kept).rstrip("*_ ").endswith(":")
            if not listed and budget == 0 and not leads_in:
                break
            depth = len(item["indent"].expandtabs(4))
            indent = depth if not listed else indent
            if depth > indent + 1 or listed >= items:
                listed += depth <= indent + 1
                continue
            kept.append(line[: item.end()] + _first_sentences(line[item.end() :], 1)[0])
            listed += 1
        elif not line.strip():
            kept.append(line)
        elif listed and line[:1].isspace():
            continue  # the rest of an item
        elif budget == 0 or (_HEADING.match(line) and any(one.strip() for one in kept)):
            break
        else:
            listed = 0
            part, used = _first_sentences(line, budget)
            kept.append(part)
            budget -= used
    while kept and not kept[-1].strip():
        kept.pop()
    return "\n".join(_without_lead_in(kept))


def _unmarked_items(lines: list[str]) -> set[int]:
    """Numbers of the lines that are items without a bullet or number."""
    bare = [
        bool(line.strip())
        and not any(one.search(line) for one in (_ENDS, _HEADING))
        and not _ITEM.match(line)
        for line in lines
    ]
    found, latest = set(), ""
    for place, is_bare in enumerate(bare):
        before, after = bare[max(0, place - 1) : place], bare[place + 1 : place + 2]
        leads_in = latest.rstrip("*_ ").endswith(":")
        if is_bare and (any(before) or any(after) or leads_in):
            found.add(place)
        latest = lines[place] if lines[place].strip() else latest
    return found


def _last(lines: list[str]) -> str:
    return next((line for line in reversed(lines) if line.strip()), "")


def _first_sentences(line: str, n: int) -> tuple[str, int]:
    """The first sentences of a line, and how many there are."""
    ends = [end for end in sentence_ends(line) if line[:end].strip()] or [len(line)]
    if len(ends) <= n:
        has_rest = bool(line[ends[-1] :].strip())
        if not has_rest or len(ends) < n:
            return line.rstrip(), len(ends) + has_rest
    return line[: ends[n - 1]].rstrip(), n


def _without_lead_in(lines: list[str]) -> list[str]:
    """Drop a last sentence that announces a list which is not there, unless it is the only one."""
    if not lines or not lines[-1].rstrip().endswith(":") or _ITEM.match(lines[-1]):
        return lines
    ends = sentence_ends(lines[-1])
    cut = [end for end in ends if end < len(lines[-1].rstrip())]
    rest = [*lines[:-1], *([lines[-1][: cut[-1]].rstrip()] if cut else [])]
    return rest if any(line.strip() and not _HEADING.match(line) for line in rest) else lines
