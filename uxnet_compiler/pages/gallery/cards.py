"""What the pages of a gallery say of an exhibit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from uxnet_compiler.ops import spell
from uxnet_compiler.overview import Overview
from uxnet_compiler.pages.gallery.find import Exhibit
from uxnet_compiler.wording import counted, one_line, short

UNSTATED = "-"
MOST_TEXT = 600
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Card:
    """An exhibit on the first page; what is only for the eye ends with `shown`.

    Attributes:
        id: Identity of the architecture, and name of its page.
        name: Of the document.
        family: `-` where nothing names one.
        axes: 2 or 3.
        task: `-` where the document names no data.
        levels: How many grids it computes on.
        params: Trained numbers.
        macs: Multiply-accumulates for one image of `size`.
        size: Of that image.
        files: Documents that hold it.
        text: What a search looks in.
        thumb: The drawing without words.
    """

    id: str
    name: str
    family: str
    axes: int
    task: str
    levels: int
    params: int
    macs: int
    size: str
    files: int
    text: str
    thumb: Markup

    @property
    def family_shown(self) -> str:
        """Return the family in words."""
        return "no search space" if self.family == UNSTATED else self.family

    @property
    def task_shown(self) -> str:
        """Return the task in words, nothing when there is none."""
        return "" if self.task == UNSTATED else self.task

    @property
    def levels_shown(self) -> str:
        """Return the number of levels in words."""
        return counted(self.levels, "level")

    @property
    def params_shown(self) -> str:
        """Return the trained numbers in a few digits."""
        return short(self.params)

    @property
    def macs_shown(self) -> str:
        """Return the multiply-accumulates in a few digits."""
        return short(self.macs)


def make_card(exhibit: Exhibit, costs: Overview, thumb: Markup) -> Card:
    """Say what stands on the card of an exhibit."""
    said = exhibit.genotype.provenance
    words = (
        exhibit.genotype.name,
        *exhibit.other_names,
        exhibit.family,
        exhibit.task,
        exhibit.id[:12],
        said.origin,
        said.paper,
    )
    return Card(
        id=exhibit.id,
        name=one_line(exhibit.genotype.name).strip() or "unnamed",
        family=one_line(exhibit.family).strip() or UNSTATED,
        axes=costs.spatial_dims,
        task=exhibit.task or UNSTATED,
        levels=len(costs.widths),
        params=costs.params,
        macs=costs.macs,
        size=spell(costs.image_size).replace("x", "\u00d7"),
        files=exhibit.files,
        text=" ".join(one_line(word, MOST_TEXT) for word in words if word),
        thumb=thumb,
    )


def choices(cards: Sequence[Card]) -> list[tuple[str, str, Pairs]]:
    """Return the lists to filter by, each with the values that occur; none with a single one."""
    lists = [
        ("family", "Family", _values((c.family, c.family_shown) for c in cards)),
        ("axes", "Axes", _values((str(c.axes), f"{c.axes}-D") for c in cards)),
        ("task", "Task", _values((c.task, c.task_shown or "not stated") for c in cards)),
    ]
    return [each for each in lists if len(each[2]) > 1]


def _values(pairs: Iterable[tuple[str, str]]) -> Pairs:
    """Return each value once, in the order of the words, what is not stated last."""
    return sorted(set(pairs), key=lambda pair: (pair[0] == UNSTATED, pair[1].casefold(), pair))
