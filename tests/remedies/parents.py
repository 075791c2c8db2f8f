"""A small dataset from which others are made."""

import json

from itlim.library import DatasetEntry
from itlim.remedies.deriving import read_parent

ROWS = [
    {
        "instruction": "Who wrote Emma?",
        "output": "Sure! Emma is by Jane Austen. It appeared in 1815.",
    },
    {"instruction": "Add them.", "input": "2 and 3", "output": "5", "category": "math"},
    {
        "instruction": "Name a river.",
        "output": "The Nile. It is long. It is in Africa. It floods.",
        "answer": "Nile",
        "quality": 4.5,
    },
    {"instruction": "Name three fruits.", "output": "1. Fig\n2. Plum\n3. Pear\n4. Kiwi"},
]


def write_rows(path, rows=ROWS):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def parent_of(folder, rows=ROWS, name="mine"):
    path = write_rows(folder / f"{name}.jsonl", rows)
    return read_parent(DatasetEntry(name=name, path=path))
