"""One small read-only registry: an ordered mapping that files its entries under their own names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from uxnet_compiler.errors import UnknownNameError


class Named(Protocol):
    """Anything that knows its own name."""

    @property
    def name(self) -> str:
        """Key under which the entry is filed."""
        ...


T = TypeVar("T", bound=Named)


class Registry(Mapping[str, T]):
    """Hold entries of one kind under their own names, in the order given.

    Raises:
        ValueError: Two entries have the same name.
    """

    def __init__(self, kind: str, entries: Iterable[T]) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}
        for entry in entries:
            if entry.name in self._entries:
                raise ValueError(f"two entries of the {kind} registry are called {entry.name!r}")
            self._entries[entry.name] = entry

    def __getitem__(self, name: str) -> T:
        """Return the entry of that name.

        Raises:
            UnknownNameError: There is none; the message proposes the nearest name.
        """
        try:
            return self._entries[name]
        except KeyError:
            near = difflib.get_close_matches(name, self._entries, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(self._entries)}"
            raise UnknownNameError(f"no {self.kind} is called {name!r}; {hint}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
