"""Broken variants of valid files and messages, as a careless program or an attacker sends them."""

import gzip
import json
import time

import tomli_w
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from itlim.errors import ItlimError

CASES = 2000
SECONDS = 30.0
"""Processor time of one call; the first one in a process also imports what it needs."""
MESSAGE_LENGTH = 20_000
fuzzed = settings(
    max_examples=CASES,
    # The time is checked below, as processor time, which the load of the machine does not change.
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)

PAYLOADS = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b'"',
    b"'",
    b"\\",
    b"\\ud800",
    b"\\u0000",
    "\u202e\u2028😀".encode(),
    b"\r",
    b"\n\n",
    b"\t",
    b",",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[" * 3000,
    b'{"a":' * 3000,
    b"null",
    b"true",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-1",
    b"0",
    b"9" * 30,
    b"9" * 5000,
    b"0.5",
    b"{}",
    b"[]",
    b'""',
    b'"../../../etc/passwd"',
    b"<script>",
    b"=1+1",
    b"x" * 5000,
]
places = st.floats(0, 1, exclude_max=True)
edits = st.tuples(places, st.integers(0, 40), st.sampled_from(PAYLOADS) | st.binary(max_size=8))


def lines(rows):
    """Rows as JSON Lines."""
    return "".join(json.dumps(one) + "\n" for one in rows).encode()


def written(folder, name, content):
    """The path of a file with this content."""
    path = folder / name
    path.write_bytes(content)
    return path


def edited(content, changes):
    """The content after edits: at a place, some bytes are replaced by others."""
    for place, length, payload in changes:
        start = int(place * len(content))
        content = content[:start] + payload + content[start + length :]
    return content


def variants(*valid):
    """Strategy: broken variants of valid contents, parts of them, and noise."""
    whole = st.sampled_from(valid)
    broken = st.builds(edited, whole, st.lists(edits, min_size=1, max_size=4))
    cut = st.builds(lambda content, place: content[: int(place * len(content))], whole, places)
    joined = st.builds(lambda *parts: b"".join(parts), cut, broken)
    return broken | broken | cut | joined | st.binary(max_size=200) | st.sampled_from(PAYLOADS)


def packed(strategy):
    """Strategy: the same, gzipped."""
    return strategy.map(lambda content: gzip.compress(content, 1))


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-3, 3)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["", "\ud800", "put_mark", "x" * 5000, "0", 10**400])
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


def with_changes(valid):
    """Strategy: a valid document with values replaced at any depth, by any other values."""

    def changed(document, chosen):
        for path, value in chosen:
            document = put(document, path, value)
        return document

    paths = st.sampled_from(list(places_of(valid)))
    chosen = st.lists(st.tuples(paths, anything), min_size=1, max_size=3)
    return st.builds(changed, st.just(valid), chosen) | anything


def places_of(document, path=()):
    """All places of a document: its own, and those of its parts."""
    yield path
    parts = document.items() if isinstance(document, dict) else ()
    parts = enumerate(document) if isinstance(document, list) else parts
    for key, part in parts:
        yield from places_of(part, (*path, key))


def put(document, path, value):
    """A copy of the document with another value at a place; unchanged if the place is gone."""
    if not path:
        return value
    first, *rest = path
    if isinstance(document, dict) and first in document:
        return document | {first: put(document[first], rest, value)}
    if isinstance(document, list) and isinstance(first, int) and first < len(document):
        return [*document[:first], put(document[first], rest, value), *document[first + 1 :]]
    return document


def json_variants(valid):
    """Strategy: broken variants of a JSON document, by its values and by its bytes."""
    text = json.dumps(valid).encode()

    def dumped(document):
        return json.dumps(document, default=str).encode()

    return with_changes(valid).map(dumped) | variants(text)


def toml_variants(valid):
    """Strategy: broken variants of a TOML document, by its values and by its bytes."""

    def dumped(document):
        try:
            return tomli_w.dumps(document).encode()
        except (AttributeError, TypeError, ValueError):
            return str(document).encode("utf-8", "replace")  # TOML has no such value.

    return with_changes(valid).map(dumped) | variants(tomli_w.dumps(valid).encode())


def check(call):
    """Run a reader: only an `ItlimError` may come out, in time, with a message that is not long."""
    start = time.thread_time()
    message = "none"
    try:
        call()
    except ItlimError as error:
        message = str(error)
    assert 0 < len(message) < MESSAGE_LENGTH
    assert time.thread_time() - start < SECONDS
