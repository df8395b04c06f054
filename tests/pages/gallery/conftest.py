"""Galleries that several tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from galleries import hostile, write_site

from uxnet_compiler.zoo import resolve

SHOWN = ("hippocampus", "unet", "unet2d", "unetpp")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a gallery of four networks of the zoo."""
    genotypes = [resolve(f"zoo:{name}") for name in SHOWN]
    return write_site(genotypes, tmp_path_factory.mktemp("gallery"))


@pytest.fixture(scope="session")
def strange_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a gallery of a stranger's genotype and a sound one."""
    return write_site([hostile(), resolve("zoo:unet")], tmp_path_factory.mktemp("strange"))
