"""Convert token ids to token texts and code-point offsets without losing a byte.

A byte-level tokenizer may split one emoji into several tokens. The pieces then
share that character's offsets; the first has the text and the others are empty,
so that the texts of all tokens always concatenate to the response.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Sequence
from typing import Any, Protocol

from itlim.errors import InputError
from itlim.records import TokenTexts

# Decoded before the response, so that no decoder strips the response's own leading space.
_ANCHOR = "a"
# Contexts after which a response is encoded, tried in order until one reproduces its text
# exactly: a sentencepiece tokenizer would otherwise insert a space before the first word.
_ENCODING_ANCHORS = ("", "\n", ":", "a")
_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_WORD_MARK = "\u2581"


class TextTokenizer(Protocol):
    """The part of a Hugging Face tokenizer that computing offsets uses."""

    all_special_ids: list[int]

    def encode(self, text: str, *, add_special_tokens: bool, **options: Any) -> list[int]: ...

    def decode(self, token_ids: Any, **options: Any) -> Any: ...

    def convert_ids_to_tokens(self, ids: int) -> Any: ...


def byte_alphabet() -> dict[str, int]:
    """The printable character that a byte-level tokenizer uses for each byte.

    Source: openai/gpt-2, encoder.py, `bytes_to_unicode`.

    >>> byte_alphabet()["Ġ"]
    32
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    alphabet = {chr(byte): byte for byte in printable}
    return alphabet | {chr(256 + place): byte for place, byte in enumerate(others)}


class TokenDecoder:
    """Texts and offsets of response tokens under one tokenizer.

    Ids are never re-encoded. A template's `response_prefix` (such as the space
    after "Answer:") is not part of the displayed response: its characters are
    removed from the first tokens.
    """

    def __init__(
        self,
        tokenizer: TextTokenizer,
        *,
        eos_ids: Collection[int] = (),
        response_prefix: str = "",
        id_count: int | None = None,
    ) -> None:
        """`id_count`: ids from here on have no token (padded embeddings); None if unknown."""
        self._tokenizer = tokenizer
        self._eos_ids = frozenset(eos_ids)
        self._prefix = response_prefix
        self._id_count = id_count
        self._special_ids = frozenset(tokenizer.all_special_ids)
        self._alphabet = byte_alphabet()
        self._spells_bytes = self._is_byte_level()
        self._anchor_ids = tokenizer.encode(_ANCHOR, add_special_tokens=False)
        self._anchor_text = self._decode(self._anchor_ids)
        self._pieces: dict[int, bytes] = {}

    def token_texts(self, token_ids: Sequence[int]) -> TokenTexts:
        """Text and half-open code-point range of every token, in response order.

        End-of-sequence tokens have empty text. The response is the decoded text of the
        tokens without the template's response prefix.

        >>> class Words:  # a tokenizer of two words
        ...     all_special_ids = []
        ...     def encode(self, text, *, add_special_tokens, **options): return [0]
        ...     def decode(self, ids, **options): return "".join(" ab"[i + 1] for i in ids)
        ...     def convert_ids_to_tokens(self, ids): return "ab"[ids]
        >>> TokenDecoder(Words()).token_texts([1, 0]).char_stops
        (1, 2)
        """
        visible = [token_id for token_id in token_ids if token_id not in self._eos_ids]
        text, ranges = self._character_ranges(visible)
        dropped = len(self._prefix) if text.startswith(self._prefix) else 0
        response = text[dropped:]
        texts, starts, stops = [], [], []
        remaining = iter(ranges)
        end = 0
        for token_id in token_ids:
            has_text, start, stop = (
                (False, end, end) if token_id in self._eos_ids else next(remaining)
            )
            if token_id not in self._eos_ids:
                start, stop = max(0, start - dropped), max(0, stop - dropped)
                end = max(end, stop)
            texts.append(response[start:stop] if has_text else "")
            starts.append(start)
            stops.append(stop)
        return TokenTexts(
            texts=tuple(texts),
            char_starts=tuple(starts),
            char_stops=tuple(stops),
            response=response,
        )

    def text_of(self, token_id: int) -> str:
        """The text of a single token, for lists of likely tokens.

        A special token is shown by its name, a part of a character by its bytes, such as
        `<0xE2 0x82>`, and an id without a token (padded embeddings) by its number.
        """
        name = (
            None if self._is_padding(token_id) else self._tokenizer.convert_ids_to_tokens(token_id)
        )
        if name is None:
            return f"<id {token_id}>"
        if token_id in self._special_ids or token_id in self._eos_ids:
            return str(name)
        text = self._decode([*self._anchor_ids, token_id])[len(self._anchor_text) :]
        if "\ufffd" not in text:
            return text
        return "<" + " ".join(f"0x{byte:02X}" for byte in self._piece(token_id)) + ">"

    def encode_response(self, text: str) -> tuple[int, ...]:
        """Ids of a pasted response as they follow the prompt.

        Names of special tokens inside the text are treated as plain text. No
        end-of-sequence id is added.

        Raises:
            InputError: the tokenizer cannot reproduce this text exactly (it changes or drops
                characters), so token offsets would be wrong.
        """
        expected = self._prefix + text
        closest = ""
        for anchor in _ENCODING_ANCHORS:
            head = self._encode(anchor) if anchor else []
            ids = self._encode(anchor + expected)
            if ids[: len(head)] != head:
                continue
            ids = ids[len(head) :]
            written = self._decode([*self._anchor_ids, *ids])[len(self._anchor_text) :]
            if written == expected and not self._eos_ids.intersection(ids):
                return tuple(ids)
            closest = closest or written
        place = _first_difference(expected, closest) - len(self._prefix)
        raise InputError(
            f"This model's tokenizer cannot reproduce the response exactly: at character "
            f"{max(0, place)} the text has {expected[max(0, place) + len(self._prefix) :][:12]!r}. "
            "Paste the text without that character, or in the form that the tokenizer produces."
        )

    def _encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)

    def _decode(self, token_ids: Sequence[int]) -> str:
        return str(
            self._tokenizer.decode(
                list(token_ids), skip_special_tokens=False, clean_up_tokenization_spaces=False
            )
        )

    def _is_padding(self, token_id: int) -> bool:
        return token_id < 0 or (self._id_count is not None and token_id >= self._id_count)

    def _is_byte_level(self) -> bool:
        ids = self._tokenizer.encode(" é", add_special_tokens=False)
        names = [str(self._tokenizer.convert_ids_to_tokens(token_id)) for token_id in ids]
        return "Ã©" in "".join(names).replace("Ġ", "")

    def _piece(self, token_id: int) -> bytes:
        """The bytes that a token represents."""
        if token_id not in self._pieces:
            self._pieces[token_id] = self._spell(
                str(self._tokenizer.convert_ids_to_tokens(token_id))
            )
        return self._pieces[token_id]

    def _spell(self, name: str) -> bytes:
        if self._spells_bytes:
            if all(char in self._alphabet for char in name):
                return bytes(self._alphabet[char] for char in name)
            return name.encode()
        byte = _BYTE_TOKEN.fullmatch(name)
        return bytes([int(byte[1], 16)]) if byte else name.replace(_WORD_MARK, " ").encode()

    def _character_ranges(self, ids: Sequence[int]) -> tuple[str, list[tuple[bool, int, int]]]:
        """The text and, for each token, whether it has text and its character range."""
        text = self._decode([*self._anchor_ids, *ids])[len(self._anchor_text) :]
        pieces = [self._piece(token_id) for token_id in ids]
        # The joined pieces are compared with the tokenizer's own output on every call: decoders
        # that do more than join bytes (word marks, clean-up) use the slower, general method.
        if b"".join(pieces).decode(errors="replace") == text and "\ufffd" not in text:
            return text, _ranges_of_pieces(pieces, text)
        return text, self._ranges_of_prefixes(ids, text)

    def _ranges_of_prefixes(self, ids: Sequence[int], text: str) -> list[tuple[bool, int, int]]:
        """Ranges from decoding every prefix: works for any decoder, quadratic in the length."""
        ranges = []
        reached = 0
        for count in range(1, len(ids) + 1):
            prefix = self._decode([*self._anchor_ids, *ids[:count]])[len(self._anchor_text) :]
            agreed = _first_difference(prefix, text)
            # A tail that differs from the whole text is the beginning of one more character.
            now = min(len(text), agreed + (len(prefix) > agreed))
            now = len(text) if count == len(ids) else max(reached, now)
            ranges.append((now > reached, reached if now > reached else max(0, now - 1), now))
            reached = now
        return ranges


def _ranges_of_pieces(pieces: Sequence[bytes], text: str) -> list[tuple[bool, int, int]]:
    """Ranges from the bytes of each token; a character belongs to the token that begins it."""
    starts = [0]
    for char in text:
        starts.append(starts[-1] + len(char.encode()))
    ranges = []
    place = 0
    for piece in pieces:
        first = bisect_left(starts, place)
        stop = bisect_left(starts, place + len(piece))
        place += len(piece)
        # No character begins in this piece: it is inside one or, if empty, between two.
        has_text = stop > first
        inside = bool(piece) and not has_text
        ranges.append((has_text, first - 1 if inside else first, stop))
    return ranges


def _first_difference(left: str, right: str) -> int:
    for place, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return place
    return min(len(left), len(right))
