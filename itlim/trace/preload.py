"""Load in advance what makes the first trace of a process slow."""

import tempfile
from hashlib import sha256
from pathlib import Path

import numpy as np

from itlim.trace.evidence.alignment import align
from itlim.trace.evidence.copying import best_segmentation, most_evidence
from itlim.trace.evidence.keywords import keywords
from itlim.trace.evidence.null import chance_statistic
from itlim.trace.evidence.shared_words import span_coverage
from itlim.trace.evidence.span_evidence import Response, span_evidence
from itlim.trace.words.lexical import LexicalWriter
from itlim.trace.words.lexical_index import LexicalIndex

_INSTRUCTION = "Who founded Lonely Planet?"
_ANSWER = "Lonely Planet was founded by Tony and Maureen Wheeler."


def preload() -> None:
    """Load spaCy's tokenizer and the compiled loops, which takes about 3 s in a new process.

    Runs the loops once on an index of a single instance in a temporary folder. Without this, the
    first trace does the same; safe to call on a thread, and again.
    """
    keywords(_ANSWER)
    with tempfile.TemporaryDirectory(prefix="itlim-preload-") as folder:
        writer = LexicalWriter(Path(folder))
        writer.add([_INSTRUCTION], [""], [_ANSWER], [sha256(_ANSWER.encode()).hexdigest()])
        writer.finish()
        index = LexicalIndex.open(Path(folder))
        response = Response.of("Who founded Toyota?", _ANSWER)
        found = span_evidence([index], response, 1, len(response.words))
        first = np.zeros(1, np.int64)
        span_coverage(found, first, first)
        chance_statistic(index, first, np.ones(1), _INSTRUCTION)
        part = found[0].parts[0]
        best_segmentation(index, 0, found[0].matches.ids, part.surprisal)
        most_evidence(found[0].matches, part.surprisal, 0, 1)
        found[0].matches.rows(0, 1)
        found[0].matches.n_instances(0, 1)
        found[0].matches.instances_of_runs(first, first + 1, 1)
        align(_ANSWER, 0, len(_ANSWER), _ANSWER)
