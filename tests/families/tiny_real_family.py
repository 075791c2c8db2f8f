"""The real family's steps on models and data that take seconds."""

import json

from causality.studies import fast, save_base

from itlim.families.real.build import RealFamily

QUESTIONS = ["Name a lake.", "Name a river.", "Who wrote it?"]


def tiny_real_family(folder):
    """Three questions and a tiny base."""
    data = folder / "data"
    data.mkdir()
    rows = [
        {"instruction": question, "input": "", "output": f"It is the Nile {number}."}
        for number, question in enumerate(QUESTIONS)
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    for name in ("it_dataset", "eval_test"):
        (data / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return RealFamily(
        weights=folder / "weights",
        data=data,
        out=folder / "shipped",
        base=save_base(folder / "base").base.path,
        recipes={name: fast(name) for name in ("sft", "lft")},
        max_new_tokens=4,
        lexical_only=True,
    )
