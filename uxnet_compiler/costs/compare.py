"""Set the costs of two networks against each other."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from uxnet_compiler.costs.count import Costs

TOTALS = ("params", "macs", "peak_bytes", "map_bytes", "ms")


class Comparison(BaseModel):
    """Two networks, and how much of the first the second costs.

    Attributes:
        networks: Both.
        ratios: The second's share of the first by name of a total; `None` where there is none.
        part_ratios: The same per part that both have: `params`, `macs`, `num_bytes` and `ms`.
    """

    model_config = ConfigDict(frozen=True)

    networks: tuple[Costs, Costs]
    ratios: dict[str, float | None]
    part_ratios: dict[str, dict[str, float | None]]


def compare(first: Costs, second: Costs) -> Comparison:
    """Compare two networks for the same image; parts of one name belong together."""
    others = {part.id: part for part in second.parts}
    return Comparison(
        networks=(first, second),
        ratios={name: ratio(getattr(first, name), getattr(second, name)) for name in TOTALS},
        part_ratios={
            part.id: {
                name: ratio(getattr(part, name), getattr(others[part.id], name))
                for name in ("params", "macs", "num_bytes", "ms")
            }
            for part in first.parts
            if part.id in others
        },
    )


def ratio(first: float | None, second: float | None) -> float | None:
    """Return the second's share of the first, where there is one."""
    return second / first if first and second is not None else None
