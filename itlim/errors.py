"""Everything that can go wrong, as one small family.

Each message says what was received, what was expected and what to do next, so
that a page or the command line can show it as it is.
"""


class ItlimError(Exception):
    """Any failure that a user can act on."""


class InputError(ItlimError):
    """A value typed, pasted or passed in cannot be used as it stands."""


class ShapeError(InputError):
    """Two arrays that belong together differ in shape."""


class NonFiniteError(ItlimError):
    """NaN or infinity where a probability or logit was expected."""


class VocabularyError(ItlimError):
    """Token ids of the two models do not mean the same tokens."""


class ModelLoadError(ItlimError):
    """A model, adapter or tokenizer cannot be loaded."""


class OutOfMemoryError(ItlimError):
    """The machine has not enough memory for what was asked."""


class ContextLengthError(InputError):
    """Prompt and response do not fit into the model's context."""


class DatasetError(InputError):
    """An instruction-tuning dataset cannot be read or used."""


class LibraryError(InputError):
    """The library file that names pairs and datasets is wrong."""


class StoreError(ItlimError):
    """The database cannot be opened, read or written."""


class StoreLockedError(StoreError):
    """Another process owns the database file."""


class ConflictError(ItlimError):
    """Somebody else, or another tab, changed it first; nothing was overwritten."""


class NotFoundError(ItlimError):
    """A run, pair or instance that was asked for does not exist."""


class CancelledError(ItlimError):
    """The user stopped the work under way."""


class IndexFolderError(ItlimError):
    """A tracing index is missing, damaged, or made by another version."""


class IndexMissingError(IndexFolderError):
    """No index stands where one was looked for."""


class IndexDamagedError(IndexFolderError):
    """Files of an index are missing or not what was written."""


class IndexVersionError(IndexFolderError):
    """An index of another format, word normalisation or encoder."""


class EncoderError(ModelLoadError):
    """The sentence encoder cannot be loaded or is not the one expected."""
