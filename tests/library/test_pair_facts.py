"""Kind of tuning, sizes and rank of a pair: from its entry, else from files beside the models."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from itlim.errors import InputError
from itlim.library import add_pair, load_library, pair_facts
from itlim.records import ModelSource, Pair


def pair(tmp_path, **changes):
    return Pair(**{"name": "p", "base": ModelSource(path=str(tmp_path / "base"))} | changes)


def test_the_shipped_pairs_have_the_facts_of_their_models():
    library = load_library()
    facts = {name: pair_facts(one) for name, one in library.known_pairs.items()}
    sft, lft = facts["demo-sft"], facts["demo-lft"]
    assert (sft.kind, sft.instances, sft.rank) == ("SFT", 405, None)
    assert (lft.kind, lft.instances, lft.rank) == ("LFT", 405, 8)
    large = json.loads((library.families["demo"].folder / "models/base-large/training.json")
                       .read_text())  # fmt: skip
    assert facts["demo-sft-large"].parameters == large["parameters"]
    assert facts["demo-lft-1_4"].instances == 101
    assert facts["demo-lft-1_4"].dataset == "demo"
    assert facts["demo-sft-short"].dataset == "demo-short"
    assert (facts["real-lft"].parameters, facts["real-lft"].rank) == (134_515_008, 8)


def test_parameters_are_counted_in_all_weight_files(tmp_path):
    (tmp_path / "base").mkdir()
    for number, shape in enumerate(((3, 5), (7,))):
        save_file({"w": np.zeros(shape)}, tmp_path / "base" / f"{number}.safetensors")
    assert pair_facts(pair(tmp_path)).parameters == 22
    (tmp_path / "base" / "2.safetensors").write_bytes(b"damaged")
    assert pair_facts(pair(tmp_path)).parameters is None, "a part of the sum is not the sum"


def test_an_entry_overrides_the_files_and_states_what_files_do_not(tmp_path):
    stated = pair(tmp_path, tuned=ModelSource(path="hub/chat"), tuning="chat", instances=7,
                  parameters=9)  # fmt: skip
    file = tmp_path / "library.toml"
    add_pair(stated, file)
    facts = pair_facts(load_library(file).pair("p"))
    assert (facts.kind, facts.instances, facts.parameters, facts.rank) == ("chat", 7, 9, None)


def test_without_files_and_entries_nothing_is_known(tmp_path):
    tuned = pair_facts(pair(tmp_path, tuned=ModelSource(path="hub/tuned")))
    assert (tuned.kind, tuned.instances, tuned.parameters) == ("SFT", None, None)
    adapted = pair_facts(pair(tmp_path, adapter=ModelSource(path="hub/adapter")))
    assert (adapted.kind, adapted.rank) == ("LFT", None)
    assert pair_facts(pair(tmp_path)).kind == ""


@pytest.mark.parametrize("fact", [{"tuning": "dpo"}, {"instances": 0}, {"parameters": True}])
def test_impossible_facts_are_an_error(tmp_path, fact):
    with pytest.raises(InputError, match="expected"):
        pair(tmp_path, **fact)


def test_variants_are_no_pairs_but_can_be_named():
    library = load_library()
    assert "demo-sft-1_8" not in library.pairs
    assert library.pair("demo-sft-1_8").tuned.path.endswith("sft-1_8")
