"""Resolve the pair that a caller names: a library entry, or folders and hub ids."""

from dataclasses import replace

from itlim.errors import InputError
from itlim.library.files import load_library
from itlim.library.training_note import training_note
from itlim.records import ModelSource, Pair

_DEFAULT_TEMPLATE = "alpaca"


def resolve_pair(
    name: str | None,
    base: str | None,
    tuned: str | None,
    adapter: str | None,
    template: str | None,
    dtype: str = "auto",
    device: str = "auto",
) -> Pair:
    """The pair named by `--pair`, or by `--base` with `--tuned` or `--adapter`.

    In the second case, template and dataset are those of the tuned model's `training.json`, if it
    has one and no template is given.

    Raises:
        InputError: a name and models are given, or neither is complete, or the template is unknown.
        NotFoundError: the library does not contain the pair.
    """
    library = load_library()
    given = None if template is None else library.template(template)
    if name is not None:
        if base or tuned or adapter:
            raise InputError("Give either --pair or --base with --tuned or --adapter, not both.")
        pair = library.pair(name)
        return replace(pair, template=given) if given else pair
    if base is None or (tuned is None) == (adapter is None):
        raise InputError("Give --pair NAME, or --base with either --tuned or --adapter.")

    def source(path: str) -> ModelSource:
        return ModelSource(path=path, dtype=dtype, device=device)

    note = training_note(source(str(tuned or adapter)))
    datasets = () if note is None else note.datasets
    return Pair(
        name=f"{base} → {tuned or adapter}",
        base=source(base),
        tuned=source(tuned) if tuned else None,
        adapter=source(adapter) if adapter else None,
        template=given or (note and note.template) or _DEFAULT_TEMPLATE,
        dataset=next((name for name in datasets if name in library.datasets), None),
    )
