"""Numbers and names as people read them: a few digits and a unit or a noun, one harmless line."""

from __future__ import annotations

GAP = "..."


def counted(number: int, noun: str) -> str:
    """Return `1 edge`, `2 edges`, `3 searches`, for nouns that add s or es."""
    ending = "es" if noun.endswith(("s", "x", "ch", "sh")) else "s"
    return f"{number} {noun}{'' if number == 1 else ending}"


def short(number: float) -> str:
    """Return `1.23 M` for 1234567: thousands, millions, billions, trillions."""
    return _scaled(number, 1000, ("", "k", "M", "G", "T"))


def mebibytes(num_bytes: float) -> str:
    """Return `1.18 MiB` for 1234567."""
    return _scaled(num_bytes, 1024, ("B", "KiB", "MiB", "GiB", "TiB"))


def _scaled(number: float, step: int, units: tuple[str, ...]) -> str:
    power = 0
    # 999.5 would be written with four digits.
    while number >= 999.5 and power < len(units) - 1:
        number /= step
        power += 1
    digits = 0 if power == 0 or number >= 99.95 else 1 if number >= 9.995 else 2
    return f"{number:.{digits}f} {units[power]}".rstrip()


def one_line(text: str, most: int = 200) -> str:
    """Make what a stranger wrote fit to be shown: no control characters, not too long.

    Line breaks, escapes for terminals and marks that turn the direction of writing become spaces;
    of a long text the middle is left out.
    """
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    if len(plain) <= most:
        return plain
    kept = most - len(GAP)
    return plain[: kept - kept // 2] + GAP + plain[len(plain) - kept // 2 :]
