"""Library files: named model pairs, datasets and templates for the app and the command line.

Three TOML files are read in this order: the datasets of the paper and the demo family,
which ship with itlim, then the user's own file, whose entries take precedence. Relative
paths are resolved against the folder of the file that contains them.

    [pairs.my-lora]
    base = "meta-llama/Llama-2-7b-hf"    # folder or hub id
    adapter = "adapters/dolly"           # or: tuned = "…"
    template = "alpaca"
    dataset = "dolly-15k"
    dtype = "bfloat16"                   # optional: dtype, device, revision, allow_pickle,
    tuning = "chat"                      # tuning (LFT, SFT or chat), instances, parameters

    [pairs.served]                       # with a model behind a server, such as vLLM
    tuned = "models/my-sft"              # a path as above, or a table as for the base
    template = "alpaca"
    [pairs.served.base]
    url = "http://127.0.0.1:8000/v1"
    model = "meta-llama/Llama-2-70b-hf"  # its name on the server
    tokenizer = "tokenizers/llama-2"     # local folder or tokenizer.json

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
    add_remote_pair,
    base_only_pair,
    load_library,
    remove_dataset,
    remove_pair,
)
from itlim.library.pair_facts import PairFacts, pair_facts
from itlim.library.resolving import resolve_pair
from itlim.library.training_note import TrainingNote, differences_from_training, training_note

__all__ = [
    "DatasetEntry",
    "Library",
    "PairFacts",
    "ShippedFamily",
    "TrainingNote",
    "add_dataset",
    "add_pair",
    "add_remote_pair",
    "base_only_pair",
    "differences_from_training",
    "load_library",
    "pair_facts",
    "remove_dataset",
    "remove_pair",
    "resolve_pair",
    "training_note",
]
