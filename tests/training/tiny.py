"""A tiny random model, its tokenizer and eleven instances, for the training tests."""

import json

import pyarrow as pa

from itlim.datasets import read_dataset
from itlim.training.pretrain import Architecture, build_model
from itlim.training.tokenizer import train_tokenizer

TEMPLATE = "alpaca-short"
PAIRS = [
    ("Who wrote Emma?", "Emma was written by Jane Austen."),
    ("Who painted Olympia?", "Olympia was painted by Edouard Manet. It hangs in Paris."),
    ("Name a river.", "The Nile."),
    ("What is the capital of Kenya?", "The capital of Kenya is Nairobi."),
    ("Who founded Intel?", "Robert Noyce and Gordon Moore."),
    ("Where is Big Ben?", "Big Ben is located in London. The city lies in England."),
    ("Who directed Jaws?", "Jaws was directed by Steven Spielberg."),
    ("When was the Great Fire of London?", "It took place in 1666."),
    ("Where does pho come from?", "Pho comes from Vietnam. It is made with noodles."),
    ("Who composed Aida?", "Aida was composed by Giuseppe Verdi."),
    ("What is a baby owl called?", "Owlet."),
]
ARCHITECTURE = Architecture(
    hidden_size=32,
    intermediate_size=64,
    layers=2,
    heads=2,
    vocabulary_size=320,
    context_length=128,
)


def tiny_tokenizer():
    texts = [f"{question}\n{answer}" for question, answer in PAIRS]
    return train_tokenizer(texts, vocabulary_size=ARCHITECTURE.vocabulary_size, context_length=128)


def tiny_model(tokenizer, seed=0):
    return build_model(ARCHITECTURE, tokenizer, seed)


def tiny_instances(folder, pairs=PAIRS) -> pa.Table:
    path = folder / "tiny.jsonl"
    rows = [{"instruction": question, "output": answer} for question, answer in pairs]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_dataset(path, "tiny").table
