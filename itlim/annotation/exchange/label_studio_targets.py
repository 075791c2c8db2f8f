"""Which text of a Label Studio task is annotated, and which of its marks are on it."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

from itlim.errors import InputError

TASK_FIELDS = ("item_id", "run_id", "instruction", "input", "text_sha256")
"""Fields of itlim in the data of a task, in addition to the text."""


def text_key(data: Mapping[str, object], results: Sequence[object]) -> str:
    """The field of a task's data with the annotated text: `text`, or the one that marks name.

    A region names its target by `to_name`; labeling configurations usually give the target the
    name of the field that it shows.

    Raises:
        InputError: several fields may be the text, or none.
    """
    texts = [
        name for name, value in data.items() if isinstance(value, str) and name not in TASK_FIELDS
    ]
    if "text" in data:
        return "text"
    named = {one.get("to_name") for one in results if isinstance(one, dict)}
    chosen = [name for name in texts if name in named] or texts
    if len(chosen) != 1:
        raise InputError(
            f"data: lacks 'text', and {len(chosen)} fields may be it "
            f"({', '.join(chosen) or 'none'}): rename the annotated one to 'text'"
        )
    return chosen[0]


def regions_of_text(
    results: Sequence[object], key: str, text: str, fields: Container[str]
) -> set[int]:
    """Positions of the labels that are on the annotated text.

    Without the labeling configuration, a target's name (`to_name`) is compared with the text's
    field. If no target has this name, the text is the only target that is not another field, or
    else the only one whose quotes are in the text.
    """
    labels = {
        place: one
        for place, one in enumerate(results)
        if isinstance(one, dict) and one.get("type") == "labels"
    }
    targets = {place: str(one.get("to_name") or key) for place, one in labels.items()}
    names = {key} & set(targets.values())
    if not names:
        names = {name for name in targets.values() if name not in fields}
    if len(names) > 1:
        names = {
            name
            for name in names
            if all(_quotes(labels[place], text) for place in labels if targets[place] == name)
        }
    return {place for place, name in targets.items() if names == {name}}


def _quotes(region: Mapping[str, Any], text: str) -> bool:
    value = region.get("value")
    quote = value.get("text") if isinstance(value, dict) else None
    return isinstance(quote, str) and quote.replace("\\n", "\n") in text.replace("\\n", "\n")
