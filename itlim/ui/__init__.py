"""The pages of the app; the only package of itlim that imports Streamlit."""

import os

# Arrow reads this when it is first imported, which the pages below this package do. Its own choice,
# mimalloc, keeps what a thread has freed until that thread asks for memory again: between 120 and
# 240 MB, from one wave of 25 visitors to the next.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
