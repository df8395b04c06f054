"""What a check of the machine says."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Status = Literal["ok", "guarded", "note", "wrong"]


class Check(BaseModel):
    """One thing that was looked at.

    Attributes:
        group: What it belongs to.
        name: What was looked at.
        status: `guarded` is a defect that our settings avoid, `note` is worth knowing, `wrong`
            gives wrong numbers with the settings in force.
        text: What was found.
        hint: What to do about it, if anything.
    """

    model_config = ConfigDict(frozen=True)

    group: str
    name: str
    status: Status
    text: str
    hint: str = ""
