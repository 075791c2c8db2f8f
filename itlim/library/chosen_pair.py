"""Resolve the pair that a caller names: a library entry, or folders and hub ids."""

from dataclasses import replace

from itlim.errors import InputError
from itlim.library.files import load_library
from itlim.library.training_note import training_note
from itlim.records import ModelSource, Pair

_DEFAULT_TEMPLATE = "alpaca"


def chosen_pair(
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
        InputError: both ways are used, or neither completely, or the template is unknown.
        NotFoundError: the library has no such pair.
    """
    library = load_library()
    chosen = None if template is None else library.template(template)
    if name is not None:
        if base or tuned or adapter:
            raise InputError("Give either --pair or --base with --tuned or --adapter, not both.")
        pair = library.pair(name)
        return replace(pair, template=chosen) if chosen else pair
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
        template=chosen or (note and note.template) or _DEFAULT_TEMPLATE,
        dataset=next((name for name in datasets if name in library.datasets), None),
    )
