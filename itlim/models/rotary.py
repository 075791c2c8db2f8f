"""Rotary embeddings whose factors depend on the length of the text."""

from typing import Any

_SWITCHING = "longrope"


def rotary_switches(config: Any, context_length: int) -> tuple[int, ...]:
    """Lengths above which a model uses other rotary factors for the whole text, ascending.

    Args:
        config: configuration of a transformers model.
        context_length: switches at or above it are never reached and left out.

    >>> from types import SimpleNamespace
    >>> longrope = {"rope_type": "longrope", "original_max_position_embeddings": 4096}
    >>> rotary_switches(SimpleNamespace(rope_parameters=longrope), 131072)
    (4096,)
    >>> rotary_switches(SimpleNamespace(rope_parameters=longrope), 4096)
    ()
    """
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    stated = getattr(text, "rope_parameters", None) or {}
    # Models with several kinds of layers have one set of parameters for each kind.
    kinds = [one for one in stated.values() if isinstance(one, dict)] or [stated]
    found = {
        kind.get("original_max_position_embeddings")
        or getattr(text, "original_max_position_embeddings", None)
        for kind in kinds
        if kind.get("rope_type", kind.get("type")) == _SWITCHING
    }
    return tuple(sorted(int(at) for at in found if at and at < context_length))
