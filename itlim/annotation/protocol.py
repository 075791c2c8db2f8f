"""The study protocol: pilot → comments → batches → audit (paper, section 5).

A study file is TOML:

    title = "Hallucinations of demo-sft"
    guideline = '''Mark what is not true …'''
    guideline_version = "1"
    annotators_per_item = 2      # the paper: two per item
    pilot = 5                    # annotated first, by everyone; then a comment round
    batch_size = 20              # the paper: 200; 0 is one batch
    audit = 5
    seed = 0
    claim_minutes = 60
    suggestions = false
    decoys = 1
    labels = [{ name = "not_factual", title = "Not factual", meaning = "…" }]
    [people]                     # if absent: anyone may do anything except adjudicate
    "*" = "annotator"            # everybody who is not named
    cleo = "adjudicator"
    bea = "admin"
"""

import hashlib
import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from itlim.errors import InputError
from itlim.ids import text_sha256
from itlim.records import ANYONE, Item, Label, Role, Run, StoredRun, Study
from itlim.text.messages import listed
from itlim.text.words import word_units

_COUNTS = ("annotators_per_item", "pilot", "batch_size", "audit", "seed", "claim_minutes", "decoys")
_TYPES: dict[str, type] = {
    **dict.fromkeys(_COUNTS, int),
    "labels": list,
    "people": dict,
    "suggestions": bool,
}
"""Types of the keys of a study file that are no texts."""
_TYPE_NAMES = {
    int: "a whole number",
    list: "a list",
    dict: "a table",
    bool: "true or false",
    str: "text",
}
_MINIMUM = {"annotators_per_item": 1, "claim_minutes": 1}


def study_id_of(title: str) -> str:
    """The id of a study in URLs and commands, made from its title.

    Raises:
        InputError: the title contains no letter or digit.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:48].strip("-")
    if not slug:
        raise InputError(f"The title {title!r} contains neither a letter a–z nor a digit: add one.")
    return slug


def study_from_toml(text: str) -> Study:
    """Read a study file.

    Raises:
        InputError: the file is not TOML, has an unknown key, or a value is out of range.
    """
    try:
        given = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        raise InputError(f"The study file is not TOML: {error!s:.300}.") from error
    known = {field.name for field in fields(Study)} - {"open_batch"}
    unknown = sorted(set(given) - known)
    if unknown:
        raise InputError(
            f"The study file has the unknown keys [{listed(unknown)}]: expected {sorted(known)}."
        )
    _check_types(given)
    if not str(given.get("title", "")).strip():
        raise InputError("The study file has no title: add one.")
    given.setdefault("study_id", study_id_of(given["title"]))
    if "labels" in given:
        given["labels"] = tuple(_label(label) for label in given["labels"])
    given["people"] = {name: _role(role) for name, role in given.get("people", {}).items()}
    return checked_study(Study(**given))


def checked_study(study: Study) -> Study:
    """Check the numbers and names of a study and return it.

    Raises:
        InputError: a value is not allowed.
    """
    for name in _COUNTS:
        value, minimum = getattr(study, name), _MINIMUM.get(name, 0)
        if type(value) is not int or value < minimum:
            raise InputError(f"{name} = {value!r}: expected a whole number of at least {minimum}.")
    names = [label.name for label in study.labels]
    if not names or len(set(names)) < len(names) or len(names) > 9:
        raise InputError(
            f"The labels are [{listed(names)}]: expected one to nine different labels."
        )
    if study.people and Role.ADMIN not in study.people.values():
        raise InputError("[people] contains no admin: name at least one.")
    if study.people.get(ANYONE, Role.ANNOTATOR) != Role.ANNOTATOR:
        raise InputError(
            f'"{ANYONE}" is {study.people[ANYONE]} in [people], but everybody can be an annotator '
            "only: name adjudicators and admins."
        )
    return study


def _check_types(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        expected = _TYPES.get(name, str)
        if not isinstance(value, expected):
            raise InputError(f"{name:.80} = {value!r:.80}: expected {_TYPE_NAMES[expected]}.")


def _label(given: Any) -> Label:
    try:
        label = Label(**given)
        if not all(isinstance(one, str) for one in (label.name, label.title, label.meaning)):
            raise TypeError("not all of its values are texts")
        return label
    except TypeError as error:
        raise InputError(
            f"The label {given!r:.200} is not valid ({error!s:.200}): expected a table with name, "
            "title and meaning."
        ) from error


def _role(given: Any) -> Role:
    try:
        return Role(given)
    except ValueError as error:
        raise InputError(
            f"The role {given!r:.80} does not exist: expected one of {list(Role)}."
        ) from error


def item_of_run(run: StoredRun, study_id: str) -> Item:
    """The response of a stored run, without the name of its model.

    Its units are the run's tokens, or words if the run has no tokens.
    """
    if isinstance(run, Run):
        edges = [
            (row["char_start"], row["char_stop"])
            for row in run.tokens.select(["char_start", "char_stop"]).to_pylist()
            if row["char_stop"] > row["char_start"]
        ]
    else:
        edges = list(word_units(run.response))
    digest = hashlib.sha256(f"{study_id}\0{run.run_id}".encode()).hexdigest()
    return Item(
        item_id=digest[:12],
        instruction=run.instruction,
        input=run.input,
        text=run.response,
        text_sha256=text_sha256(run.response),
        # Tokens that share a character have the same boundaries.
        units=tuple(dict.fromkeys(edges)),
        units_are_tokens=isinstance(run, Run),
        run_id=run.run_id,
    )


def plan_items(items: Sequence[Item], study: Study) -> list[Item]:
    """Shuffle the items with the study's seed and divide them into pilot and batches.

    Batch 0 is the pilot, or the first batch if there is no pilot.
    """
    shuffled = random.Random(study.seed).sample(list(items), len(items))
    size = study.batch_size or max(len(shuffled), 1)
    return [
        replace(item, position=place, batch=_batch(place, study.pilot, size))
        for place, item in enumerate(shuffled)
    ]


def _batch(place: int, pilot: int, size: int) -> int:
    if place < pilot:
        return 0
    return (place - pilot) // size + (1 if pilot else 0)


def audit_sample(items: Sequence[Item], study: Study) -> tuple[str, ...]:
    """Ids of the items to review at the end, drawn with the study's seed."""
    ids = sorted(item.item_id for item in items)
    return tuple(random.Random(f"audit {study.seed}").sample(ids, min(study.audit, len(ids))))


def role_of(study: Study, name: str) -> Role | None:
    """A person's role; everyone is an admin if no people are named, None if not in the study."""
    return study.people.get(name, study.people.get(ANYONE)) if study.people else Role.ADMIN


def has_role(study: Study, name: str, needed: Role) -> bool:
    """Whether a person has a role or a higher one."""
    role = role_of(study, name)
    order = list(Role)
    return role is not None and order.index(role) >= order.index(needed)


def adjudicators_of(study: Study) -> list[str]:
    """The people who may set final spans, by name; empty if the study names none."""
    return sorted(name for name in study.people if may_adjudicate(study, name))


def may_adjudicate(study: Study, name: str) -> bool:
    """Whether a person may set final spans: only people whom the study names may."""
    return study.people.get(name) in (Role.ADJUDICATOR, Role.ADMIN)


def check_adjudicator(study: Study, name: str) -> None:
    """Check that a person may set final spans.

    Raises:
        InputError: the study does not name them as an adjudicator.
    """
    if not may_adjudicate(study, name):
        named = ", ".join(adjudicators_of(study)) or "nobody yet"
        raise InputError(
            f"{name or 'A person without a name'} is not an adjudicator of this study, so the "
            f"final spans were not changed. Adjudicators: {named}. An admin can add names."
        )


def people_from(
    *, annotators: Sequence[str], adjudicators: Sequence[str], admins: Sequence[str]
) -> dict[str, Role]:
    """Roles from lists of names; a name in several lists has the highest role.

    Args:
        annotators: empty if everybody may annotate.
        adjudicators: people who also set final spans.
        admins: people who also change the study; at least one.
    """
    people = dict.fromkeys(annotators or (ANYONE,), Role.ANNOTATOR)
    people |= dict.fromkeys(adjudicators, Role.ADJUDICATOR)
    return people | dict.fromkeys(admins, Role.ADMIN)
