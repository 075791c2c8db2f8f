"""Chat templates in places or forms that transformers' tokenizers do not read."""

from pathlib import Path
from typing import Any

from itlim.errors import ModelLoadError
from itlim.models.model_files import json_content
from itlim.models.sources import is_local, location
from itlim.records import ModelSource

_TOKENIZER_CONFIG = "tokenizer_config.json"
_PROCESSOR_TEMPLATE = "chat_template.json"


def check_chat_templates(source: ModelSource) -> None:
    """Check that named chat templates of a local tokenizer have names.

    Raises:
        ModelLoadError: an entry of the list lacks its name or its template.
    """
    stated = _content(source, _TOKENIZER_CONFIG).get("chat_template")
    if isinstance(stated, list) and not all(
        isinstance(one, dict) and {"name", "template"} <= one.keys() for one in stated
    ):
        raise ModelLoadError(
            f"{_TOKENIZER_CONFIG} in {location(source)} has a list of chat templates whose "
            "entries are not all objects with a name and a template: correct or remove it."
        )


def processor_template(source: ModelSource) -> str | None:
    """The chat template of `chat_template.json`, which only processors read."""
    stated = _content(source, _PROCESSOR_TEMPLATE).get("chat_template")
    return stated if isinstance(stated, str) else None


def _content(source: ModelSource, name: str) -> dict[str, Any]:
    path = Path(location(source)) / name
    if not is_local(source) or not path.is_file():
        return {}
    content = json_content(path)
    return content if isinstance(content, dict) else {}
