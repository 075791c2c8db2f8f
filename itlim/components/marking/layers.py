"""The marks of all annotators under one text: one line per person, read-only.

Plain HTML with inline styles, for a page or a file.
"""

import html
import itertools
from collections.abc import Mapping, Sequence

from itlim.components.palette import Theme
from itlim.records import Mark

LINE_COLORS: Mapping[Theme, tuple[str, ...]] = {
    "light": ("#b0176b", "#0b6bb0", "#b06a00", "#4a3fb5", "#007a5a", "#8a4b2a"),
    "dark": ("#ff8fc4", "#7cc4ff", "#ffb74d", "#b9adff", "#5fd6b2", "#d9a07a"),
}
"""One color per person; from the seventh person on, the colors repeat."""
_LINE_DISTANCE = 5
"""Distance of two lines in pixels."""


def layers_html(text: str, marks: Mapping[str, Sequence[Mark]], *, theme: Theme = "light") -> str:
    """The text with one colored line per person under their marks, and a legend.

    Args:
        text: the response.
        marks: marks by person, in code points of the text.
        theme: theme of the page, for the colors of the lines.

    Returns:
        HTML, safe to show: text, names and labels are escaped.
    """
    people = list(marks)
    edges = {0, len(text)}
    for one in marks.values():
        edges |= {edge for mark in one for edge in (mark.start, mark.stop)}
    places = sorted(edges)
    pieces = [
        _piece(text[start:stop], _marks_at(marks, people, start), len(people), theme)
        for start, stop in itertools.pairwise(places)
    ]
    height = _LINE_DISTANCE * len(people) + 6
    body = (
        f"<div dir='auto' style='white-space:pre-wrap;font-size:1.1rem;"
        f"line-height:calc(1.7em + {height}px);overflow-wrap:anywhere'>{''.join(pieces)}</div>"
    )
    return _legend(people, theme) + body


def _marks_at(
    marks: Mapping[str, Sequence[Mark]], people: Sequence[str], place: int
) -> list[tuple[int, str, Mark]]:
    return [
        (number, who, mark)
        for number, who in enumerate(people)
        for mark in marks[who]
        if mark.start <= place < mark.stop
    ]


def _piece(text: str, covering: list[tuple[int, str, Mark]], n_people: int, theme: Theme) -> str:
    if not covering:
        return html.escape(text)
    # Counted from below, so that a person's line has the same height everywhere.
    lines = ",".join(
        f"linear-gradient({_color(number, theme)} 0 0) "
        f"0 calc(100% - {_LINE_DISTANCE * (n_people - 1 - number)}px)/100% 3px no-repeat"
        for number in dict.fromkeys(number for number, _, _ in covering)
    )
    tooltip = html.escape(
        "; ".join(f"{who}: {mark.label}" for _, who, mark in covering), quote=True
    )
    return (
        f"<span title='{tooltip}' style='background:{lines};"
        f"padding-bottom:{_LINE_DISTANCE * n_people + 2}px'>{html.escape(text)}</span>"
    )


def _color(number: int, theme: Theme) -> str:
    colors = LINE_COLORS[theme]
    return colors[number % len(colors)]


def _legend(people: Sequence[str], theme: Theme) -> str:
    entries = "".join(
        f"<span style='margin-right:1.2em;white-space:nowrap'><span style='display:inline-block;"
        f"width:1.4em;height:4px;vertical-align:middle;margin-right:.4em;"
        f"background:{_color(number, theme)}'></span><bdi>{html.escape(who)}</bdi></span>"
        for number, who in enumerate(people)
    )
    return f"<div style='font-size:.85rem;margin-bottom:.4rem'>{entries}</div>"
