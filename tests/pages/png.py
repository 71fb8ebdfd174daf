"""Makes pictures of pages small: a palette of few colours in place of millions."""

import struct
import zlib
from collections import Counter

_COLOURS = 64
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def compressed(png: bytes) -> bytes:
    """Return a picture as Chromium takes it (8 bits a channel, not interlaced) with a palette.

    The most frequent colours stay as they are; each other one becomes the nearest of them.
    """
    width, height, pixels = _read(png)
    counts = Counter(pixels)
    palette = [colour for colour, _ in counts.most_common(_COLOURS)]
    places = {colour: place for place, colour in enumerate(palette)}
    for colour in counts:
        if colour not in places:
            places[colour] = _nearest(palette, colour)
    indices = bytes(places[pixel] for pixel in pixels)
    content = b"".join(
        b"\0" + indices[start : start + width] for start in range(0, len(indices), width)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = [
        (b"IHDR", header),
        (b"PLTE", b"".join(palette)),
        (b"IDAT", zlib.compress(content, 9)),
        (b"IEND", b""),
    ]
    return _SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def _nearest(palette: list[bytes], colour: bytes) -> int:
    red, green, blue = colour
    return min(
        range(len(palette)),
        key=lambda place: (
            (palette[place][0] - red) ** 2
            + (palette[place][1] - green) ** 2
            + (palette[place][2] - blue) ** 2
        ),
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


def _read(png: bytes) -> tuple[int, int, list[bytes]]:
    width = height = channels = 0
    content = b""
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12
        if name == b"IHDR":
            width, height, _, kind = struct.unpack_from(">IIBB", data)
            channels = {2: 3, 6: 4}[kind]
        elif name == b"IDAT":
            content += data
    return width, height, _pixels(zlib.decompress(content), width, channels)


def _pixels(content: bytes, width: int, channels: int) -> list[bytes]:
    stride = width * channels
    above = bytearray(stride)
    pixels = []
    for start in range(0, len(content), stride + 1):
        line = bytearray(content[start + 1 : start + 1 + stride])
        _unfilter(content[start], line, above, channels)
        pixels += [bytes(line[at : at + 3]) for at in range(0, stride, channels)]
        above = line
    return pixels


def _unfilter(kind: int, line: bytearray, above: bytearray, channels: int) -> None:
    for at in range(len(line)):
        left = line[at - channels] if at >= channels else 0
        corner = above[at - channels] if at >= channels else 0
        up = above[at]
        guess = (0, left, up, (left + up) // 2, 0)[kind] if kind < 4 else _paeth(left, up, corner)
        line[at] = (line[at] + guess) & 255


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    distances = (abs(guess - left), abs(guess - up), abs(guess - corner))
    if distances[0] <= distances[1] and distances[0] <= distances[2]:
        return left
    return up if distances[1] <= distances[2] else corner
