"""Load checkpoints and tokenizers from disk or hub, without remote code or pickle."""

from typing import Any

from itlim.errors import ModelLoadError
from itlim.models.chat_templates import check_chat_templates, processor_template
from itlim.models.checkpoint import Checkpoint
from itlim.models.generation_settings import GenerationSettings, read_generation_settings
from itlim.models.gguf import gguf_file, quantization
from itlim.models.load_errors import load_errors
from itlim.models.model_files import ADAPTER_FILE, check_model_folder, check_tokenizer_files
from itlim.models.quiet import quiet_transformers
from itlim.models.sources import location, warn_about_pickle
from itlim.records import ModelSource
from itlim.text.messages import plural

# The fused attention kernels deviate from soft-capped attention as defined (Gemma-2).
_EAGER_MODEL_TYPES = frozenset({"gemma2"})
# transformers applies an adapter that it finds next to the weights; it looks for it in this
# subfolder, which no model has.
_NO_ADAPTER = {"subfolder": "itlim-loads-no-adapter-here"}


def read_checkpoint(source: ModelSource) -> Checkpoint:
    """Read the configuration and tokenizer of a full checkpoint.

    Raises:
        ModelLoadError: the checkpoint is missing, unreachable or not a causal language model.
    """
    from transformers import AutoConfig

    check_model_folder(source)
    gguf = gguf_file(source)
    quantized_to = None if gguf is None else quantization(gguf)
    with load_errors(source, "model"), quiet_transformers():
        config = AutoConfig.from_pretrained(**_location_options(source), trust_remote_code=False)
    _reject_other_tasks(source, config)
    return Checkpoint(
        source=source,
        config=config,
        generation=_generation_settings(source, config),
        tokenizer=load_tokenizer(source),
        quantization=quantized_to,
    )


def load_tokenizer(source: ModelSource) -> Any:
    """Load the tokenizer saved with a checkpoint.

    Raises:
        ModelLoadError: there is none, or it requires custom code.
    """
    from transformers import AutoTokenizer

    if gguf_file(source) is None:
        check_tokenizer_files(source)
    check_chat_templates(source)
    with load_errors(source, "tokenizer"), quiet_transformers():
        tokenizer = AutoTokenizer.from_pretrained(
            **_location_options(source), trust_remote_code=False
        )
        if tokenizer.chat_template is None:
            tokenizer.chat_template = processor_template(source)
    return tokenizer


def load_model(checkpoint: Checkpoint) -> Any:
    """Load the model onto its device, in evaluation mode. Adapters next to it are not applied.

    Raises:
        ModelLoadError: the weights are unreadable, incomplete or pickled, or the architecture
            is unknown.
        OutOfMemoryError: memory ran out.
    """
    from transformers import AutoModelForCausalLM, GenerationConfig

    source, config = checkpoint.source, checkpoint.config
    warn_about_pickle(source)
    options: dict[str, Any] = {"dtype": checkpoint.dtype, **_location_options(source)}
    if config.model_type in _EAGER_MODEL_TYPES:
        options["attn_implementation"] = "eager"
    if checkpoint.quantization is None:
        options["use_safetensors"] = None if source.allow_pickle else True
    with load_errors(source, "model"), quiet_transformers():
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            trust_remote_code=False,
            output_loading_info=True,
            # The report names the tensor and both shapes; the exception does not.
            ignore_mismatched_sizes=True,
            # A generation configuration with a fault would be an error.
            generation_config=GenerationConfig(),
            adapter_kwargs=_NO_ADAPTER,
            **options,
        )
        model, report = loaded
        _reject_incomplete(source, report)
        if getattr(model, "_hf_peft_config_loaded", False):
            raise ModelLoadError(
                f"{location(source)} contains a full model and an adapter ({ADAPTER_FILE}), and "
                "transformers applied the adapter. Move the adapter's files to another folder."
            )
        model.requires_grad_(requires_grad=False)
        return model.to(checkpoint.device).eval()


def _generation_settings(source: ModelSource, config: Any) -> GenerationSettings:
    if gguf_file(source) is not None:
        return GenerationSettings()
    return read_generation_settings(source, int(config.get_text_config().vocab_size))


def _location_options(source: ModelSource) -> dict[str, Any]:
    """Arguments of `from_pretrained` that say where a checkpoint is."""
    gguf = gguf_file(source)
    if gguf is not None:
        return {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    return {"pretrained_model_name_or_path": location(source), "revision": source.revision}


def _reject_other_tasks(source: ModelSource, config: Any) -> None:
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING

    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise ModelLoadError(
            f"{location(source)} is a model of type {config.model_type!r}, which transformers "
            "cannot load as a causal language model. Give a model that continues a text."
        )


def _reject_incomplete(source: ModelSource, report: Any) -> None:
    # transformers only warns and fills missing weights with random numbers.
    missing = sorted(report["missing_keys"])
    mismatched = sorted(report["mismatched_keys"], key=str)
    if not missing and not mismatched:
        return
    faults = []
    if missing:
        faults.append(f"lacks {plural(len(missing), 'weight tensor')}, such as {missing[0]}")
    if mismatched:
        name, stored, expected = mismatched[0]
        faults.append(
            f"contains {plural(len(mismatched), 'weight tensor')} of another shape than its "
            f"config.json states, such as {name}: {tuple(stored)} is stored, {tuple(expected)} is "
            "expected"
        )
    raise ModelLoadError(
        f"{location(source)} {' and '.join(faults)}. It is not a complete causal language model. "
        "Save it again."
    )
