"""Past participles of verbs that are common in questions with "who"."""

_IRREGULAR = {
    "began": "begun",
    "broke": "broken",
    "brought": "brought",
    "built": "built",
    "chose": "chosen",
    "did": "done",
    "drew": "drawn",
    "drove": "driven",
    "flew": "flown",
    "found": "found",
    "gave": "given",
    "held": "held",
    "led": "led",
    "lost": "lost",
    "made": "made",
    "sang": "sung",
    "shot": "shot",
    "spoke": "spoken",
    "taught": "taught",
    "thought": "thought",
    "threw": "thrown",
    "told": "told",
    "took": "taken",
    "won": "won",
    "wrote": "written",
}


PARTICIPLES = frozenset(_IRREGULAR.values())


def participle(past: str) -> str | None:
    """The participle of a verb in the past tense; None for unlisted verbs that do not end in -ed.

    >>> participle("wrote"), participle("painted"), participle("is")
    ('written', 'painted', None)
    """
    if past in _IRREGULAR:
        return _IRREGULAR[past]
    return past if past.endswith("ed") and len(past) > 3 else None
