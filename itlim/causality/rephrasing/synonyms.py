"""Synonyms of words that questions often share with training instructions.

A short list made by hand, so that it works without a model or the network. A synonym has the same
form as its word; a person checks whether the question still means the same.
"""

_SYNONYMS = {
    "actor": "performer",
    "author": "writer",
    "best": "finest",
    "biggest": "largest",
    "book": "volume",
    "books": "volumes",
    "built": "constructed",
    "capital": "seat of government",
    "company": "firm",
    "constructed": "built",
    "country": "nation",
    "countries": "nations",
    "created": "made",
    "creator": "maker",
    "currency": "money",
    "designed": "devised",
    "developed": "worked out",
    "directed": "shot",
    "director": "filmmaker",
    "discovered": "found",
    "established": "set up",
    "famous": "well-known",
    "film": "movie",
    "films": "movies",
    "founded": "established",
    "founder": "establisher",
    "invented": "devised",
    "inventor": "originator",
    "largest": "biggest",
    "located": "situated",
    "main": "chief",
    "made": "produced",
    "movie": "film",
    "movies": "films",
    "popular": "well-liked",
    "sang": "performed",
    "singer": "vocalist",
    "song": "tune",
    "songs": "tunes",
    "started": "launched",
    "tallest": "highest",
    "wrote": "authored",
    "written": "authored",
    "writer": "author",
}


def synonym_of(word: str) -> str:
    """A synonym in the same form; empty if the list has none.

    >>> synonym_of("Founded"), synonym_of("Toyota")
    ('established', '')
    """
    return _SYNONYMS.get(word.casefold(), "")
