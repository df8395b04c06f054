"""Text in drawings: how wide it is, how it is spelled, how it is kept harmless."""

from __future__ import annotations

import re
from bisect import bisect_right

FONT = "Helvetica,Arial,sans-serif"
LINE = 1.2  # distance of lines, in font sizes
TIMES = "\u00d7"
ELLIPSIS = "\u2026"
SUPERSCRIPTS = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"

_HARMFUL = re.compile(
    "[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f\u2028\u2029]"
    "|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
# Advance widths of Helvetica in thousandths of the font size, from Adobe's metrics.
_GROUPS = {
    222: "ijl'|",
    278: " ft!,./:;[]\\I",
    333: "r()-`" + SUPERSCRIPTS,
    500: "ckszvxyJ",
    722: "wCDHNRU",
    667: "ABEKPSVXY&",
    778: "GOQ",
    833: "mM",
    584: "+=<>~" + TIMES,
    611: "FTZ",
    944: "W",
    889: "%",
    1000: "@" + ELLIPSIS,
}
_WIDTHS = {letter: width for width, letters in _GROUPS.items() for letter in letters}
_OTHER_LATIN, _OTHER = 556, 1000


def text_width(text: str, size: float) -> float:
    """Return the width of a line in points."""
    return size / 1000 * sum(_WIDTHS.get(c, _OTHER_LATIN if ord(c) < 256 else _OTHER) for c in text)


def spelled(label: str) -> str:
    """Write the `x` between numbers, and ahead of one, as a multiplication sign."""
    return re.sub(r"(?<=\d)x(?=\d)|\bx(?=\d)", TIMES, label)


def raised(number: int) -> str:
    """Write a number as an exponent."""
    return str(number).translate(str.maketrans("0123456789", SUPERSCRIPTS))


def printable(text: str) -> str:
    """Replace what cannot be drawn (line breaks, control characters) by a space."""
    return "".join(c if c.isprintable() else " " for c in text)


def harmless(text: str) -> str:
    """Replace by a space what no file can hold, and what would turn the text around."""
    return _HARMFUL.sub(" ", text)


def shortened(text: str, size: float, width: float) -> str:
    """Cut a line that is wider than `width` points and end it with an ellipsis."""
    if text_width(text, size) <= width:
        return text
    lengths = range(1, len(text) + 1)
    fitting = bisect_right(lengths, width, key=lambda n: text_width(text[:n] + ELLIPSIS, size))
    return text[:fitting].rstrip() + ELLIPSIS


def quantity(number: int) -> str:
    """Write a count with three digits and a prefix: `1.23 M`."""
    scaled, prefixes = float(number), iter("kMGT")
    prefix = ""
    while scaled >= 999.5 and prefix != "T":
        scaled, prefix = scaled / 1000, next(prefixes)
    return f"{scaled:.3g} {prefix}".rstrip() if scaled < 999.5 else f"{scaled:.0f} {prefix}"
