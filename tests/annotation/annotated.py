"""Short constructors of sheets and items."""

import hashlib

from itlim.records import Item, Judgment, Mark, Sheet, SheetStatus, Verdict


def item(item_id="r1", text="", units=None, **others):
    """An item; without `units`, every code point is a unit."""
    units = [(place, place + 1) for place in range(len(text))] if units is None else units
    return Item(
        item_id=item_id,
        instruction=others.pop("instruction", "Ask"),
        text=text,
        text_sha256=hashlib.sha256(text.encode()).hexdigest(),
        units=tuple(units),
        **others,
    )


def sheet(*spans, text=None, status=SheetStatus.SUBMITTED, verdicts=(), **others):
    """A submitted sheet; a span is (start, stop) or (start, stop, label)."""
    marks = tuple(
        Mark(
            id=f"m{number}",
            start=start,
            stop=stop,
            quote="?" * (stop - start) if text is None else text[start:stop],
            label=label[0] if label else "not_factual",
        )
        for number, (start, stop, *label) in enumerate(spans, start=1)
    )
    return Sheet(marks=marks, status=status, judgments=tuple(verdicts), **others)


def judgment(span_id, instance_id, verdict, retriever="tracer"):
    return Judgment(
        span_id=span_id, instance_id=instance_id, verdict=Verdict(verdict), retriever=retriever
    )
