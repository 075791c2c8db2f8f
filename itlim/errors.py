"""The exceptions that itlim raises.

Each message states what was received, what was expected and what to do next, so
that a page or the command line can show it unchanged.
"""


class ItlimError(Exception):
    """Any failure that a user can act on."""


class InputError(ItlimError):
    """A value that was typed, pasted or passed in cannot be used."""


class ShapeError(InputError):
    """Two arrays that must match have different shapes."""


class NonFiniteError(ItlimError):
    """NaN or infinity where a probability or logit was expected."""


class VocabularyError(ItlimError):
    """The two models assign the same token ids to different tokens."""


class ModelLoadError(ItlimError):
    """A model, adapter or tokenizer cannot be loaded."""


class ModelRunError(ItlimError):
    """A loaded model's own code failed."""


class OutOfMemoryError(ItlimError):
    """The machine does not have enough memory for the request."""


class ContextLengthError(InputError):
    """Prompt and response exceed the model's context length."""


class DatasetError(InputError):
    """An instruction-tuning dataset cannot be read or used."""


class LibraryError(InputError):
    """A library file, which names pairs and datasets, is invalid."""


class StoreError(ItlimError):
    """The database cannot be opened, read or written."""


class StoreLockedError(StoreError):
    """Another process has locked the database file."""


class ForeignDatabaseError(StoreError):
    """The database file belongs to another program."""


class DatabaseDamagedError(StoreError):
    """The database file is damaged."""


class DiskFullError(StoreError):
    """No space is left for what was to be stored; what was stored before is intact."""


class ReadOnlyError(StoreError):
    """The database was opened for reading only."""


class BusyError(ItlimError):
    """A public server has as much work as it takes; the same request succeeds later."""


class ConflictError(ItlimError):
    """Another person or tab changed the data first; nothing was overwritten."""


class ItemTakenError(ConflictError):
    """A study's item cannot be annotated: others have it, or its batch is not open."""


class NotFoundError(ItlimError):
    """The requested run, pair or instance does not exist."""


class CancelledError(ItlimError):
    """The user canceled the work."""


class IndexFolderError(ItlimError):
    """A tracing index is missing, damaged or written by another version."""


class IndexMissingError(IndexFolderError):
    """The folder does not contain an index."""


class IndexDamagedError(IndexFolderError):
    """Files of an index are missing or have changed since it was written."""


class IndexVersionError(IndexFolderError):
    """The index uses another format, word normalization or encoder."""


class EncoderError(ModelLoadError):
    """The sentence encoder cannot be loaded or is not the expected one."""


class EndpointError(ItlimError):
    """A server with a language model failed to answer a request.

    Args:
        status: the HTTP status of its answer, if there was one.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class EndpointSetupError(EndpointError):
    """Key, address or model of a server is wrong, so that no request can succeed."""
