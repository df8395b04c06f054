"""Tell data sets apart by what is in their files, without naming a file or a case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from uxnet_compiler.data.dataset import Case, Dataset
from uxnet_compiler.data.parallel import in_parallel
from uxnet_compiler.data.store import Store
from uxnet_compiler.errors import DataError


def dataset_digest(dataset: Dataset, progress: Callable[[int, int], None] | None = None) -> str:
    """Return the SHA-256 of the bytes of all cases, in the order of their ids.

    Files that were read before and have not changed since are not read again.

    Raises:
        DataError: A file cannot be read.
        RunError: The cache cannot be written.
    """
    store = Store("cases", ())

    def digest(case: Case) -> list[str]:
        try:
            return [store.digest(path) for path in (case.image, case.label)]
        except OSError as error:
            raise DataError(
                f"{error.filename}: cannot be read: {error.strerror or error}"
            ) from None

    said = [dataset.channels, dataset.labels, in_parallel(digest, dataset.cases, progress)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
