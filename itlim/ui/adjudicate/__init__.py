"""The Adjudicate page: final spans, agreement, exchange of annotations."""
