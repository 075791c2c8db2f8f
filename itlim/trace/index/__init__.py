"""An index folder on disk: building, opening, locking, metadata, and the fitted null."""
