"""Library files: named model pairs, datasets and templates for the app and the command line.

Three TOML files are read in this order: the datasets of the paper and the demo family,
which ship with itlim, then the user's own file, whose entries take precedence. Relative
paths are resolved against the folder of the file that contains them.

    [pairs.my-lora]
    base = "meta-llama/Llama-2-7b-hf"    # folder or hub id
    adapter = "adapters/dolly"           # or: tuned = "…"
    template = "alpaca"
    dataset = "dolly-15k"
    dtype = "bfloat16"                   # optional: dtype, device, revision, allow_pickle

    [datasets.dolly-15k]                 # omitted keys keep their shipped values
    path = "dolly-15k.jsonl"             # file or folder

    [datasets.mine]
    hub = "owner/name"                   # instead of a path; also owner/name:split
    mapping = { instruction = "ask", response = "reply" }  # optional: format, mapping,
    licence = "CC BY 4.0"                # licence, used_for, url, note

    [templates.mine]
    without_input = "Q: {instruction}\\nA:"
    with_input = "Q: {instruction}\\n{input}\\nA:"
"""

from itlim.library.entries import DatasetEntry
from itlim.library.families import ShippedFamily
from itlim.library.files import (
    Library,
    add_dataset,
    add_pair,
    base_only_pair,
    load_library,
    remove_dataset,
    remove_pair,
)
from itlim.library.resolving import resolve_pair
from itlim.library.training_note import TrainingNote, differences_from_training, training_note

__all__ = [
    "DatasetEntry",
    "Library",
    "ShippedFamily",
    "TrainingNote",
    "add_dataset",
    "add_pair",
    "base_only_pair",
    "differences_from_training",
    "load_library",
    "remove_dataset",
    "remove_pair",
    "resolve_pair",
    "training_note",
]
