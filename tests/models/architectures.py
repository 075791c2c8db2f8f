"""Tiny, random models of many architectures, built from transformers' own configurations."""

from pathlib import Path

import torch
from tiny_models import byte_level_tokenizer, nudge
from transformers import AutoModelForCausalLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

# Every configuration takes those of these values whose names it has.
_SIZES = {
    "vocab_size": 321,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": None,
    **dict.fromkeys(("hidden_size", "n_embd", "d_model", "embedding_size"), 32),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers"), 2),
    **dict.fromkeys(("decoder_layers", "encoder_layers", "attention_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads"), 2),
    **dict.fromkeys(("decoder_attention_heads", "encoder_attention_heads"), 2),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "n_inner", "d_ff", "ffn_hidden_size"), 64),
    **dict.fromkeys(("decoder_ffn_dim", "encoder_ffn_dim"), 64),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"), 96),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    "num_key_value_heads": 1,
    "head_dim": 16,
    "moe_intermediate_size": 32,
    "num_experts_per_tok": 2,
    "rotary_dim": 8,
    "state_size": 8,
    "word_embed_proj_dim": 32,
}
# Prompts of the tests are longer than this window.
_WINDOW = {"sliding_window": 8}
_LATENT_ATTENTION = {
    "num_key_value_heads": 2,
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 8,
    "v_head_dim": 8,
    "head_dim": 8,
    "first_k_dense_replace": 1,
    "n_group": 1,
    "topk_group": 1,
    "n_shared_experts": 1,
}
_GROUPED_MAMBA = {"mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 8}
_LINEAR_ATTENTION = {
    "layer_types": ["linear_attention", "full_attention"],
    "linear_num_value_heads": 2,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
}
ARCHITECTURES: dict[str, dict] = {
    "apertus": {},
    "bamba": {**_GROUPED_MAMBA, "attn_layer_indices": [1]},
    "bart": {},
    "biogpt": {},
    "bloom": {},
    "codegen": {"n_head": 4},
    # Their usual scale makes the distributions of a tiny model nearly uniform.
    "cohere": {"logit_scale": 1.0},
    "cohere2": {**_WINDOW, "logit_scale": 1.0},
    "ctrl": {"dff": 64},
    "deepseek_v2": _LATENT_ATTENTION,
    "deepseek_v3": _LATENT_ATTENTION,
    "diffllama": {"num_key_value_heads": 2},
    "ernie4_5": {},
    "exaone4": {**_WINDOW, "sliding_window_pattern": 2},
    "falcon": {},
    "falcon_h1": {**_GROUPED_MAMBA, "mamba_d_ssm": 64, "mamba_n_groups": 1, "mamba_chunk_size": 8},
    "falcon_mamba": {},
    "gemma": {},
    "gemma2": _WINDOW,
    "gemma3_text": _WINDOW,
    "glm": {},
    "glm4": {},
    "gpt2": {},
    "gpt_bigcode": {},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "window_size": 8},
    "gpt_neox": {},
    "gpt_oss": _WINDOW,
    "gptj": {},
    "granite": {},
    "granitemoehybrid": {
        **_GROUPED_MAMBA,
        "layer_types": ["mamba", "attention"],
        "shared_intermediate_size": 32,
    },
    "helium": {},
    "jamba": {
        "mamba_d_state": 8,
        "attn_layer_offset": 1,
        "attn_layer_period": 2,
        "expert_layer_offset": 0,
        "expert_layer_period": 2,
    },
    "lfm2": {"layer_types": ["conv", "full_attention"]},
    "llama": {},
    "llama4_text": {},
    "mamba": {},
    "mamba2": {"num_heads": 4, "n_groups": 1, "chunk_size": 8},
    "minimax": {},
    "mistral": _WINDOW,
    "mixtral": {},
    "modernbert-decoder": {
        "pad_token_id": 0,
        "local_attention": 8,
        "cls_token_id": 0,
        "sep_token_id": 0,
    },
    "mpt": {},
    "nemotron": {},
    "olmo": {},
    "olmo2": {},
    "olmo3": _WINDOW,
    "olmoe": {},
    "openai-gpt": {},
    "opt": {},
    "persimmon": {},
    "phi": {},
    "phi3": _WINDOW,
    "phimoe": {},
    "qwen2": {**_WINDOW, "use_sliding_window": True, "max_window_layers": 1},
    "qwen2_moe": {"shared_expert_intermediate_size": 32},
    "qwen3": {},
    "qwen3_moe": {},
    "qwen3_next": {**_LINEAR_ATTENTION, "shared_expert_intermediate_size": 32},
    # The third layer is the first with attention.
    "recurrent_gemma": {
        **_WINDOW,
        "attention_window_size": 8,
        "lru_width": 32,
        "num_hidden_layers": 3,
    },
    "roberta": {"pad_token_id": 0, "is_decoder": True},
    "rwkv": {"context_length": 96, "attention_hidden_size": 32},
    "smollm3": {},
    "stablelm": {},
    "starcoder2": {},
    "xglm": {},
    "xlstm": {"num_heads": 2, "chunk_size": 8},
    "zamba2": {
        "layers_block_type": ["mamba", "hybrid"],
        "n_mamba_heads": 4,
        "mamba_headdim": 16,
        "mamba_d_state": 8,
        "num_key_value_heads": 2,
        "num_mem_blocks": 1,
        "chunk_size": 8,
        "mamba_ngroups": 1,
    },
}
_ROUTED = ["q_proj", "k_proj", "v_proj", "o_proj"]
LORA_TARGETS = {
    # PEFT rejects the output projections of state-space layers, which fused kernels bypass.
    "falcon_h1": ["in_proj", "q_proj", "v_proj", "down_proj"],
    "falcon_mamba": ["in_proj", "x_proj"],
    "mamba": ["in_proj", "x_proj"],
    "mamba2": ["in_proj"],
    # Routers return two values, which no adapter layer of PEFT expects.
    "llama4_text": _ROUTED,
    "phimoe": _ROUTED,
}
"""Layers that a LoRA adapter changes; all linear layers if the architecture is not listed."""


def config_of(model_type: str, **changes):
    """The configuration of a tiny model; `changes` replace its values."""
    kind = CONFIG_MAPPING[model_type]
    renamed = getattr(kind, "attribute_map", {})
    known = {*kind.__dataclass_fields__, *renamed}
    values = {
        name: value
        for name, value in _SIZES.items()
        # A renamed value is given under its own name.
        if name in known and renamed.get(name) not in _SIZES
    }
    return kind(**values | ARCHITECTURES.get(model_type, {}) | changes)


def save_architecture(folder: Path, model_type: str, *, shift: float = 0.0, **changes) -> Path:
    """Save a model whose weights depend only on its type and `shift`, with a tokenizer."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config_of(model_type, **changes)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0.0, 0.15)
    if shift:
        nudge(model, 1, shift)
    model.save_pretrained(folder)
    byte_level_tokenizer().save_pretrained(folder)
    return folder
