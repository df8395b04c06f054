"""Every error that a user of this package can cause.

    UxnetError
    |-- GenotypeError      a document is not a valid genotype
    |-- GraphError         a graph breaks a rule of the intermediate representation
    |-- PassError          a pass failed or changed what a network computes
    |-- BackendError       a network cannot be written in the wanted form
    |-- DataError          an image, a label or a data set cannot be used
    |-- RunError           a run folder or a configuration cannot be used
    `-- UnknownNameError   a name is not in a registry

The command line prints the message of a `UxnetError` as one line and exits with 1. A message says
what is wrong, where, and what would be right. Anything else that escapes is a defect of ours.
"""

from __future__ import annotations


class UxnetError(Exception):
    """Base of all errors that a user can cause."""


def system_error_line(error: OSError) -> str:
    """Return in a line what the operating system refused: a full disk, a file that vanished."""
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}"


class GenotypeError(UxnetError):
    """Say what is wrong in a genotype document, one `(JSON path, message)` per defect."""

    def __init__(self, source: str, defects: list[tuple[str, str]]) -> None:
        self.source = source
        self.defects = defects
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """Return one line per defect: file, JSON path, message."""
        return [
            f"{self.source}: {path}: {message}" if path else f"{self.source}: {message}"
            for path, message in self.defects
        ]


class GraphError(UxnetError):
    """Say which rule of the intermediate representation a graph breaks, and at which node."""


class PassError(UxnetError):
    """Say which pass failed, and after which others."""


class BackendError(UxnetError):
    """Say which target cannot be written, and what is missing."""


class DataError(UxnetError):
    """Say which file or case cannot be used, and what would be right."""


class RunError(UxnetError):
    """Say what is wrong with a run folder or a configuration."""


class UnknownNameError(UxnetError):
    """Say that a name is unknown, and which one was probably meant."""
