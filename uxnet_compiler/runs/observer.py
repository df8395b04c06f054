"""How a long job tells what it is doing, without knowing who listens."""

from __future__ import annotations


class Observer:
    """Listen to a long job; this one is silent, displays override what they show."""

    def phase(self, name: str, done: float = 0.0) -> None:
        """Hear that a part of the job begins, or goes on.

        Args:
            name: Such as `preprocessing` or `training`.
            done: Part that was done before, 0 to 1.
        """

    def note(self, text: str) -> None:
        """Hear one line that is worth knowing."""

    def tick(self, done: float, **values: float) -> None:
        """Hear how far the part is.

        Args:
            done: Part that is done, 0 to 1.
            values: Numbers worth showing, such as `step`, `loss` and `dice`.
        """
