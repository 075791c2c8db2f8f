"""Adapters of all PEFT methods on tiny models, with weights that change every output."""

from pathlib import Path

import peft
import torch
from transformers import AutoModelForCausalLM

_ATTENTION = ["q_proj", "v_proj"]
BOTH = ("llama", "qwen2")


def _lora(**options):
    return peft.LoraConfig(**{"r": 4, "target_modules": _ATTENTION} | options)


def _vectors(kind, **options):
    return kind(**{"r": 4, "target_modules": ["q_proj"]} | options)


_CONFIGS = {
    "lora": lambda: _lora(target_modules="all-linear"),
    "lora on embeddings": lambda: _lora(target_modules=["q_proj", "embed_tokens"]),
    "lora on the head": lambda: _lora(target_modules=["q_proj", "lm_head"]),
    "lora, all biases": lambda: _lora(bias="all"),
    "lora, its biases": lambda: _lora(bias="lora_only"),
    "lora with biases": lambda: _lora(lora_bias=True),
    "rslora": lambda: _lora(use_rslora=True),
    "dora": lambda: _lora(use_dora=True),
    "pissa": lambda: _lora(init_lora_weights="pissa"),
    "pissa with random iterations": lambda: _lora(init_lora_weights="pissa_niter_4"),
    "olora": lambda: _lora(init_lora_weights="olora"),
    "eva": lambda: _lora(init_lora_weights="eva", eva_config=peft.EvaConfig()),
    "orthogonal": lambda: _lora(init_lora_weights="orthogonal"),
    "mica": lambda: _lora(init_lora_weights="mica"),
    "gaussian": lambda: _lora(init_lora_weights="gaussian"),
    "modules_to_save": lambda: _lora(modules_to_save=["embed_tokens", "lm_head"]),
    "saved norm": lambda: _lora(modules_to_save=["norm"]),
    "trainable_token_indices": lambda: _lora(trainable_token_indices=[3, 7, 50]),
    "ranks by pattern": lambda: _lora(rank_pattern={"q_proj": 2}, alpha_pattern={"v_proj": 9}),
    "one layer": lambda: _lora(layers_to_transform=[1]),
    "layer replication": lambda: _lora(layer_replication=[[0, 2], [1, 2]]),
    "target_parameters": lambda: _lora(target_modules=[], target_parameters=["q_proj.weight"]),
    "activated lora": lambda: _lora(alora_invocation_tokens=[5, 9]),
    "vera": lambda: _vectors(peft.VeraConfig),
    "vera without projection": lambda: _vectors(peft.VeraConfig, save_projection=False),
    "adalora": lambda: peft.AdaLoraConfig(
        init_r=6, target_r=4, total_step=10, target_modules=_ATTENTION
    ),
    "loha": lambda: _vectors(peft.LoHaConfig),
    "lokr": lambda: _vectors(peft.LoKrConfig),
    "oft": lambda: peft.OFTConfig(r=0, oft_block_size=4, target_modules=_ATTENTION),
    "boft": lambda: peft.BOFTConfig(boft_block_size=4, target_modules=_ATTENTION),
    "hra": lambda: _vectors(peft.HRAConfig),
    "ia3": lambda: peft.IA3Config(
        target_modules=["k_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"]
    ),
    "ln tuning": lambda: peft.LNTuningConfig(target_modules=["input_layernorm", "norm"]),
    "fourierft": lambda: peft.FourierFTConfig(n_frequency=30, target_modules=_ATTENTION),
    "vblora": lambda: _vectors(peft.VBLoRAConfig, num_vectors=8, vector_length=8),
    "vblora, top k": lambda: _vectors(
        peft.VBLoRAConfig, num_vectors=8, vector_length=8, save_only_topk_weights=True
    ),
    "randlora": lambda: _vectors(peft.RandLoraConfig),
    "shira": lambda: _vectors(peft.ShiraConfig),
    "c3a": lambda: peft.C3AConfig(block_size=16, target_modules=_ATTENTION),
    "miss": lambda: _vectors(peft.MissConfig),
    "bone (miss, bat)": lambda: _vectors(peft.MissConfig, init_weights="bat"),
    "road": lambda: peft.RoadConfig(variant="road_2", group_size=16, target_modules=_ATTENTION),
    "waveft": lambda: peft.WaveFTConfig(n_frequency=30, target_modules=_ATTENTION),
    "delora": lambda: _vectors(peft.DeloraConfig),
    "gralora": lambda: _vectors(peft.GraloraConfig, gralora_k=2),
    "trainable tokens": lambda: peft.TrainableTokensConfig(
        token_indices=[3, 7, 50], target_modules=["embed_tokens"]
    ),
    "adaption prompt": lambda: peft.AdaptionPromptConfig(adapter_len=4, adapter_layers=1),
    "prompt tuning": lambda: peft.PromptTuningConfig(num_virtual_tokens=3),
    "p-tuning": lambda: peft.PromptEncoderConfig(num_virtual_tokens=3, encoder_hidden_size=8),
    "prefix tuning": lambda: peft.PrefixTuningConfig(num_virtual_tokens=3),
    "hira": lambda: _vectors(peft.HiraConfig),
    "lily": lambda: _vectors(peft.LilyConfig, target_modules=_ATTENTION),
    "osf": lambda: peft.OSFConfig(target_modules=_ATTENTION),
}
REJECTED = {
    "pissa with random iterations": "cannot be reproduced",
    "activated lora": "only after its invocation tokens",
    "prompt tuning": "virtual tokens",
    "p-tuning": "virtual tokens",
    "prefix tuning": "virtual tokens",
    "lily": "not causal",
}
"""Methods that are rejected, with a part of the reason."""
_OTHER_ARCHITECTURES = {
    # PEFT supports these on few architectures.
    "adaption prompt": ("llama", "mistral"),
    "layer replication": ("llama", "mistral"),
}
EXACT = {
    method: _OTHER_ARCHITECTURES.get(method, BOTH) for method in _CONFIGS if method not in REJECTED
}
"""Methods whose numbers are exact, with the architectures to test."""


def save_method(folder: Path, base: Path, method: str) -> Path:
    """Save an adapter of a saved base whose trained weights differ from their initial values."""
    config = _CONFIGS[method]()
    config.task_type = "CAUSAL_LM"
    torch.manual_seed(0)
    model = peft.get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    model.save_pretrained(folder)
    return folder
