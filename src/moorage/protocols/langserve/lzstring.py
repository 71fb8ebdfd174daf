"""Decodes LZ-string's URI-safe form, in which share links carry a configuration.

Only the decoder is here: browsers make the links. It is our own because the one on the package
index installs import hooks for Python 2 and puts no bound on what a short text may expand to.
The format is LZ-string's ``compressToEncodedURIComponent`` (pieroxy/lz-string): six bits a
character, least significant bit of each code first, codes 0 and 1 announce a new character of 8 or
16 bits, code 2 ends the text.
"""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-$"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_BITS_A_CHARACTER = 6
_NEW_CHARACTER_BITS = {0: 8, 1: 16}
_END = 2

MAX_DECODED = 1 << 20
"""The longest text that is decoded, in UTF-16 units."""


def decompress(compressed: str) -> str:
    """Return the text in ``compressed``.

    Raises:
        ValueError: It is not LZ-string, is cut short, or expands beyond ``MAX_DECODED``.
    """
    units = "".join(_Decoder(compressed.replace(" ", "+")).entries())
    # LZ-string works on UTF-16 units as JavaScript does: pairs of surrogates become characters.
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "strict")


class _Bits:
    """Reads codes from the characters, least significant bit first."""

    def __init__(self, text: str) -> None:
        try:
            self._values = [_VALUES[character] for character in text]
        except KeyError as error:
            raise ValueError("a character outside LZ-string's alphabet") from error
        self._position = 0

    def read(self, width: int) -> int:
        code = 0
        for power in range(width):
            index, offset = divmod(self._position, _BITS_A_CHARACTER)
            if index >= len(self._values):
                raise ValueError("the text is cut short")
            bit = self._values[index] >> (_BITS_A_CHARACTER - 1 - offset) & 1
            code |= bit << power
            self._position += 1
        return code


class _Decoder:
    """Rebuilds the dictionary of the encoder, one entry a code."""

    def __init__(self, text: str) -> None:
        self._bits = _Bits(text)
        self._known: dict[int, str] = {}
        self._next = 3
        self._width = 2
        self._until_wider = 1

    def entries(self) -> list[str]:
        previous = self._entry("")
        if not previous:
            return []
        entries, length = [previous], len(previous)
        while entry := self._entry(previous):
            length += len(entry)
            if length > MAX_DECODED:
                raise ValueError("the text expands beyond the limit")
            entries.append(entry)
            self._learn(previous + entry[0])
            previous = entry
        return entries

    def _entry(self, previous: str) -> str:
        code = self._bits.read(self._width)
        if code == _END:
            return ""
        if bits := _NEW_CHARACTER_BITS.get(code):
            character = chr(self._bits.read(bits))
            self._learn(character)
            return character
        if code in self._known:
            return self._known[code]
        if code == self._next and previous:
            return previous + previous[0]
        raise ValueError("a code that stands for nothing")

    def _learn(self, entry: str) -> None:
        self._known[self._next] = entry
        self._next += 1
        self._until_wider -= 1
        if self._until_wider == 0:
            self._until_wider = 1 << self._width
            self._width += 1
