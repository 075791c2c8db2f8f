"""Ids from content hashes: repeating the same work gives the same id and is a no-op."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from itlim.records import Request
from itlim.text.prompts import CHAT, resolve_template

MEASURE_VERSION = 1
"""Increment when the definition of a measure changes, so that stored runs no longer match."""


def content_hash(*parts: object) -> str:
    """SHA-256 of the parts as canonical JSON, as 64 hex digits."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text_sha256(text)


def text_sha256(text: str) -> str:
    """64 hex digits of the text as UTF-8; what `Item.text_sha256` is.

    >>> text_sha256("")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def file_sha256(path: Path) -> str:
    """64 hex digits of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def run_id(request: Request, base_hash: str, tuned_hash: str) -> str:
    """Id of the run that answers a request: 16 hex digits.

    It depends on everything that determines the numbers. Names and thresholds do not
    (categories are derived from stored ranks). The models need not be loaded.
    """
    pair = request.pair
    template = resolve_template(pair.template)
    return content_hash(
        MEASURE_VERSION,
        base_hash,
        tuned_hash,
        str(pair.kind),
        pair.base.dtype,
        pair.base.device,
        asdict(template) if template else CHAT,
        request.instruction,
        request.input,
        request.response,
        request.max_new_tokens if request.response is None else None,
        request.top_k,
    )[:16]


def response_run_id(model: str, instruction: str, input: str, response: str) -> str:
    """Id of an answer that was imported without its models: 16 hex digits.

    >>> response_run_id("a", "b", "c", "d") == response_run_id("b", "a", "c", "d")
    False
    """
    return content_hash("response", model, instruction, input, response)[:16]
