"""The folder of a run: one place, one configuration, nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from uxnet_compiler.errors import RunError
from uxnet_compiler.files import write_text
from uxnet_compiler.runs.config import first_defect

Model = TypeVar("Model", bound=BaseModel)
BEGUN = ".begun"  # there while a run comes to be: what is in the folder is nobody's yet
DRAFTS = ".writing-*"  # what a job leaves that is killed while it writes


@dataclass(frozen=True)
class RunFolder:
    """Know where a run keeps what; holds nothing but the path."""

    path: Path

    @property
    def config_path(self) -> Path:
        """The configuration of the job, complete, as JSON."""
        return self.path / "config.json"

    @property
    def genotype_path(self) -> Path:
        """The genotype that is trained or was found."""
        return self.path / "genotype.json"

    @property
    def checkpoint_path(self) -> Path:
        """Everything that is needed to go on where the job stopped."""
        return self.path / "checkpoint.pt"

    @property
    def events_path(self) -> Path:
        """One JSON object a line: what happened at which step."""
        return self.path / "events.jsonl"

    @property
    def weights_path(self) -> Path:
        """The trained weights of the compiled network."""
        return self.path / "weights.safetensors"

    @property
    def plan_path(self) -> Path:
        """How images are brought to the network."""
        return self.path / "plan.json"

    @property
    def schedule_path(self) -> Path:
        """How many steps the job makes."""
        return self.path / "schedule.json"

    @property
    def summary_path(self) -> Path:
        """The result in a few numbers."""
        return self.path / "summary.json"

    def check(
        self, config: BaseModel, *, resume: bool = False, mendable: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Refuse a folder that cannot be used, before any work is done; nothing is written.

        What a job left that was killed before its first checkpoint does not count.

        Args:
            config: Of the job that is to be done.
            resume: Whether it goes on with the run in the folder.
            mendable: Fields that may be others than before, since a run that broke down needs it.

        Returns:
            Of these, the ones that are: what each was, and what it is now.

        Raises:
            RunError: The folder is not empty and `resume` is false; there is no run to resume, or
                it had another configuration; or nothing can be written there.
        """
        mended: tuple[str, ...] = ()
        if resume:
            mended = self._require_same(config, mendable)
        elif self.path.exists() and not self.path.is_dir():
            raise RunError(f"{self.path}: is a file; a run needs a new or an empty folder")
        elif self.path.is_dir() and not self._is_unborn():
            hint = "--resume continues it" if self.config_path.is_file() else "it is not a run"
            raise RunError(
                f"{self.path}: the folder is not empty ({hint}); a run needs a new or an empty one"
            )
        anchor = next(
            place for place in (self.path, *self.path.absolute().parents) if place.exists()
        )
        if not anchor.is_dir() or not os.access(anchor, os.W_OK | os.X_OK):
            raise RunError(f"{self.path}: cannot write here: {anchor} allows no new files")
        return mended

    @contextmanager
    def beginning(self, config: BaseModel) -> Iterator[None]:
        """Write the first files of a run in this block; it is a run when the block ends.

        A job that is killed before leaves nothing that is in the way of the next try.

        Raises:
            RunError: The folder cannot be written.
        """
        write_text(self.path / BEGUN, "")
        yield
        self.write(self.config_path, config)
        self.tidy()

    def go_on(self, config: BaseModel, mended: Sequence[str], note: Callable[[str], None]) -> None:
        """Make the folder that of a run that goes on.

        Args:
            config: That it goes on with.
            mended: What of it is other than before, as `check` tells it.
            note: Told of that.

        Raises:
            RunError: The folder cannot be written.
        """
        self.tidy()
        self.write(self.config_path, config)
        for told in mended:
            note(f"{told}: the end will be another one than without this change")

    def tidy(self) -> None:
        """Remove what a job left that was killed while it wrote."""
        for draft in self.path.glob(DRAFTS):
            shutil.rmtree(draft, ignore_errors=True)
        (self.path / BEGUN).unlink(missing_ok=True)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open the folder of a run that exists.

        Raises:
            RunError: It is no folder, or holds no `config.json`.
        """
        folder = cls(path)
        if not folder.config_path.is_file():
            raise RunError(f"{path}: not a run folder (no config.json in it)")
        return folder

    def read(self, path: Path, model: type[Model]) -> Model:
        """Read a JSON document of this run into its model.

        Raises:
            RunError: The file is missing or not what the model asks for.
        """
        try:
            return model.model_validate_json(path.read_bytes())
        except OSError as error:
            raise RunError(f"{path}: cannot be read: {error.strerror or error}") from None
        except ValidationError as error:
            raise RunError(f"{path}: {first_defect(error)}") from None

    def write(self, path: Path, model: BaseModel) -> None:
        """Write a document of this run as sorted, indented JSON."""
        write_text(path, dump_json(model))

    def _is_unborn(self) -> bool:
        """Tell whether the folder is empty, but for a beginning that came to nothing."""
        begun = (self.path / BEGUN).is_file() and not self.config_path.is_file()
        return begun or all(path.match(DRAFTS) for path in self.path.iterdir())

    def _require_same(self, config: BaseModel, mendable: Collection[str]) -> tuple[str, ...]:
        if not self.config_path.is_file():
            raise RunError(f"{self.path}: no run to resume here (no config.json in it)")
        before = self.read(self.config_path, type(config))
        old, new = before.model_dump(mode="json"), config.model_dump(mode="json")
        changed = {
            key: f"{key} was {json.dumps(old[key])}, is now {json.dumps(new[key])}"
            for key in sorted(new)
            if old[key] != new[key]
        }
        for key, told in changed.items():
            if key not in mendable:
                raise RunError(f"{self.path}: cannot resume with another configuration: {told}")
        return tuple(changed.values())


def dump_json(model: BaseModel) -> str:
    """Return the one JSON text of a model: sorted keys, two spaces, a newline at the end."""
    return json.dumps(model.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"
