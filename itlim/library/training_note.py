"""What the `training.json` next to a tuned model says about its template and dataset."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from itlim.records import ModelSource, Pair, PromptTemplate
from itlim.records.from_json import record_of
from itlim.text.prompts import CHAT, TEMPLATES, same_template

_NOTE = "training.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingNote:
    """How a model was tuned with `python -m itlim train`."""

    path: Path
    template: str | PromptTemplate | None
    """None if the note does not state a usable one."""
    datasets: tuple[str, ...]
    instances: int | None = None
    """Number of instances on which the model was tuned."""


def training_note(source: ModelSource) -> TrainingNote | None:
    """Read the note of a local model; None if there is none of the form that itlim writes."""
    path = Path(source.path).expanduser() / _NOTE
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        # Other tools also write a file of this name; retraining, which needs it, reports faults.
        return None
    if not isinstance(content, dict) or "recipe" not in content:
        return None
    datasets, instances = content.get("dataset"), content.get("instances")
    return TrainingNote(
        path=path,
        template=_template(content.get("template")),
        datasets=tuple(map(str, datasets)) if isinstance(datasets, list) else (),
        instances=instances if isinstance(instances, int) and instances > 0 else None,
    )


def differences_from_training(pair: Pair) -> tuple[str, ...]:
    """Sentences about a pair whose template or dataset is not that of its model's training."""
    note = training_note(pair.tuned_source)
    if note is None:
        return ()
    found = []
    if note.template is not None and not same_template(note.template, pair.template):
        found.append(
            f"{pair.name} uses the prompt template {pair.template_name}, but {note.path} says "
            f"that the model was tuned with {_name(note.template)}. Answers to another template "
            "differ."
        )
    if note.datasets and pair.dataset is not None and pair.dataset not in note.datasets:
        found.append(
            f"{pair.name} names the dataset {pair.dataset}, but {note.path} says that the model "
            f"was tuned on {', '.join(note.datasets)}."
        )
    return tuple(found)


def _template(stated: Any) -> str | PromptTemplate | None:
    if isinstance(stated, str) and (stated in TEMPLATES or stated == CHAT):
        return stated
    names = {field.name for field in fields(PromptTemplate)}
    if not isinstance(stated, dict) or not stated.keys() <= names:
        return None
    try:
        template = record_of(PromptTemplate, stated)
    except ValueError:
        return None
    shipped = TEMPLATES.get(template.name)
    return template.name if shipped and same_template(shipped, template) else template


def _name(template: str | PromptTemplate) -> str:
    return template if isinstance(template, str) else template.name
