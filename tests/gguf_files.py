"""Write a saved Qwen2 checkpoint as a GGUF file, as llama.cpp's converter does."""

import json
from pathlib import Path

import gguf
import numpy as np
from gguf.quants import quantize
from transformers import AutoModelForCausalLM

_LAYER_NAMES = {
    "input_layernorm.weight": "attn_norm.weight",
    "self_attn.q_proj.weight": "attn_q.weight",
    "self_attn.q_proj.bias": "attn_q.bias",
    "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.k_proj.bias": "attn_k.bias",
    "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.v_proj.bias": "attn_v.bias",
    "self_attn.o_proj.weight": "attn_output.weight",
    "post_attention_layernorm.weight": "ffn_norm.weight",
    "mlp.gate_proj.weight": "ffn_gate.weight",
    "mlp.up_proj.weight": "ffn_up.weight",
    "mlp.down_proj.weight": "ffn_down.weight",
}
_OTHER_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}


def save_gguf(path: Path, checkpoint: Path, kind: str = "F32", *, states_type: bool = True) -> Path:
    """Convert a tiny Qwen2 checkpoint with a byte-level tokenizer.

    Matrices become `kind` ("F32", "F16", "Q8_0", "Q4_0"); vectors stay float32.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    model = AutoModelForCausalLM.from_pretrained(checkpoint)
    config = model.config
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    if states_type:
        stated = "ALL_F32" if kind == "F32" else f"MOSTLY_{kind}"
        writer.add_file_type(gguf.LlamaFileType[stated])
    _add_tokenizer(writer, checkpoint, config.eos_token_id)
    quant = gguf.GGMLQuantizationType[kind]
    for name, weight in model.state_dict().items():
        array = weight.float().numpy()
        if array.ndim > 1 and kind != "F32":
            writer.add_tensor(_gguf_name(name), quantize(array, quant), raw_dtype=quant)
        else:
            writer.add_tensor(_gguf_name(name), np.ascontiguousarray(array))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokenizer(writer: gguf.GGUFWriter, checkpoint: Path, eos_id: int) -> None:
    content = json.loads((checkpoint / "tokenizer.json").read_text())["model"]
    tokens = [token for token, _ in sorted(content["vocab"].items(), key=lambda item: item[1])]
    kinds = [
        gguf.TokenType.CONTROL if at == eos_id else gguf.TokenType.NORMAL
        for at in range(len(tokens))
    ]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in content["merges"]])
    writer.add_eos_token_id(eos_id)
    writer.add_pad_token_id(eos_id)


def _gguf_name(name: str) -> str:
    if name in _OTHER_NAMES:
        return _OTHER_NAMES[name]
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{_LAYER_NAMES[rest]}"
