"""Tiny, randomly initialized models and tokenizers, saved like real ones.

`save_model(folder, "llama")` writes a checkpoint that the real loader reads; `full_pair` and
`lora_pair` build whole pairs. Everything is seeded.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    GemmaConfig,
    GemmaForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PhiConfig,
    PhiForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from itlim.records import ModelSource, Pair

TEXTS = [
    "The capital of France is Paris.  It lies on the Seine.",
    "Below is an instruction that describes a task.\n\n### Response:\nThe Nile is a river.",
    "A café in Zürich sells naïve façades, 寿司 and 日本語 🙂 👩‍👩‍👧.\tTabs too.",
    "Who wrote Emma? Emma was written by Jane Austen in 1815.",
    "Question: Name a river.\nAnswer: The Amazon, the Danube or the Yangtze.",
]
ARCHITECTURES = ("llama", "mistral", "qwen2", "phi", "gpt2", "gpt_neox", "gemma", "gemma2")
TOKENIZER_OF = {
    "llama": "unigram",
    "mistral": "unigram",
    "gemma": "unigram",
    "gemma2": "unigram",
}
CONTEXT = 96
EOS = "</s>"


def byte_level_tokenizer(vocabulary_size: int = 320) -> PreTrainedTokenizerFast:
    """Byte-level BPE, as in GPT-2, Qwen2 and Llama 3."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=[EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=EOS, pad_token=EOS, clean_up_tokenization_spaces=False
    )


def unigram_tokenizer() -> PreTrainedTokenizerFast:
    """Sentencepiece style with byte fallback and a word mark, as in Llama 2 and Gemma.

    It is not trained, because training orders equal scores at random. It contains whole words,
    half words and letters of the ASCII texts; other characters fall back to bytes.
    """
    words = sorted({word for text in TEXTS if text.isascii() for word in text.split()})
    halves = {"\u2581" + word[: len(word) // 2] for word in words if len(word) > 3}
    halves |= {word[len(word) // 2 :] for word in words if len(word) > 3}
    letters = {letter for word in words for letter in word} | {"\u2581"}
    spelled = {"\u2581" + word for word in words} | halves | letters
    pieces = [("<unk>", 0.0), ("<s>", 0.0), (EOS, 0.0)]
    pieces += [(f"<0x{byte:02X}>", -20.0) for byte in range(256)]
    pieces += [(piece, -2.0 - 8.0 / len(piece)) for piece in sorted(spelled)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=True))
    tokenizer.normalizer = _word_marks()
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("\u2581", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token=EOS,
        clean_up_tokenization_spaces=False,
    )


def _word_marks() -> normalizers.Normalizer:
    return normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])


def tokenizer_for(architecture: str) -> PreTrainedTokenizerFast:
    kind = TOKENIZER_OF.get(architecture, "byte_level")
    return unigram_tokenizer() if kind == "unigram" else byte_level_tokenizer()


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Sizes of a tiny model."""

    hidden: int = 32
    layers: int = 2
    heads: int = 2
    intermediate: int = 64
    context: int = CONTEXT
    tied: bool = False


def tiny_config(architecture: str, vocabulary_size: int, shape: Shape, eos_id: int | None):
    common = {
        "vocab_size": vocabulary_size,
        "eos_token_id": eos_id,
        "bos_token_id": eos_id,
        "pad_token_id": None,
        "tie_word_embeddings": shape.tied,
    }
    usual = common | {
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "max_position_embeddings": shape.context,
    }
    grouped = usual | {"num_key_value_heads": 1}
    gemma = grouped | {"head_dim": shape.hidden // shape.heads}
    if architecture == "gpt2":
        return GPT2Config(
            **common,
            n_embd=shape.hidden,
            n_layer=shape.layers,
            n_head=shape.heads,
            n_positions=shape.context,
        )
    makers = {
        "llama": lambda: LlamaConfig(**grouped),
        "mistral": lambda: MistralConfig(**grouped, sliding_window=None),
        "qwen2": lambda: Qwen2Config(**grouped),
        "phi": lambda: PhiConfig(**usual, partial_rotary_factor=0.5),
        "gpt_neox": lambda: GPTNeoXConfig(**usual),
        "gemma": lambda: GemmaConfig(**gemma),
        "gemma2": lambda: Gemma2Config(
            **gemma, sliding_window=16, query_pre_attn_scalar=16, final_logit_softcapping=5.0
        ),
    }
    return makers[architecture]()


_CLASSES = {
    "llama": LlamaForCausalLM,
    "mistral": MistralForCausalLM,
    "qwen2": Qwen2ForCausalLM,
    "phi": PhiForCausalLM,
    "gpt2": GPT2LMHeadModel,
    "gpt_neox": GPTNeoXForCausalLM,
    "gemma": GemmaForCausalLM,
    "gemma2": Gemma2ForCausalLM,
}


def build(architecture: str, vocabulary_size: int, shape: Shape, seed: int, eos_id: int | None):
    """A random model whose weights are scaled up, so that its distributions are not uniform."""
    torch.manual_seed(seed)
    config = tiny_config(architecture, vocabulary_size, shape, eos_id)
    model = _CLASSES[architecture](config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0.0, 0.15)
    return model


def nudge(model, seed: int, amount: float) -> None:
    """Turn a base into its "tuned" version: the same weights with some noise."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.add_(torch.randn_like(parameter) * amount)


def save_model(
    folder: Path,
    architecture: str = "llama",
    *,
    seed: int = 0,
    shift: float = 0.0,
    tokenizer: PreTrainedTokenizerFast | None = None,
    padding: int = 0,
    shape: Shape = Shape(),
    shard: str = "5GB",
    dtype: torch.dtype = torch.float32,
) -> Path:
    """Save a checkpoint with its tokenizer.

    `seed` determines the weights and `shift` adds noise to them (a tuned model has its base's
    seed and a shift); `padding` adds embedding rows without tokens; `shard` is the maximum size
    of a weight file.
    """
    tokenizer = tokenizer or tokenizer_for(architecture)
    model = build(architecture, len(tokenizer) + padding, shape, seed, tokenizer.eos_token_id)
    if shift:
        nudge(model, seed + 1, shift)
    model.to(dtype).save_pretrained(folder, max_shard_size=shard)
    tokenizer.save_pretrained(folder)
    return folder


def save_adapter(
    folder: Path, base: Path, *, seed: int = 0, rank: int = 4, targets="all-linear", **options
) -> Path:
    """Save a LoRA adapter of a saved base, with weights that change its outputs."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank,
        target_modules=targets,
        task_type="CAUSAL_LM",
        init_lora_weights=False,
        **options,
    )
    get_peft_model(model, config).save_pretrained(folder)
    return folder


def full_pair(folder: Path, architecture: str = "llama", *, shift: float = 0.05, **options) -> Pair:
    """A base and a fully tuned model."""
    base = save_model(folder / "base", architecture, **options)
    tuned = save_model(folder / "tuned", architecture, shift=shift, **options)
    return Pair(
        name=f"tiny-{architecture}",
        base=ModelSource(path=str(base)),
        tuned=ModelSource(path=str(tuned)),
        template="alpaca-short",
    )


def lora_pair(folder: Path, architecture: str = "llama", **options) -> Pair:
    """A base and its LoRA adapter."""
    base = save_model(folder / "base", architecture, **options)
    adapter = save_adapter(folder / "adapter", base)
    return Pair(
        name=f"tiny-{architecture}-lora",
        base=ModelSource(path=str(base)),
        adapter=ModelSource(path=str(adapter)),
        template="alpaca-short",
    )
