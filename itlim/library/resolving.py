"""Resolve the pair that a caller names: a library entry, or folders and hub ids."""

from dataclasses import replace

from itlim.errors import InputError
from itlim.library.files import load_library
from itlim.records import ModelSource, Pair


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

    return Pair(
        name=f"{base} → {tuned or adapter}",
        base=source(base),
        tuned=source(tuned) if tuned else None,
        adapter=source(adapter) if adapter else None,
        template=given or "alpaca",
    )
