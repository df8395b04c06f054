"""Fixtures for the whole suite: golden files, real data where there is some, phantoms."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import chromium, watched_page
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

try:
    import uxnet_compiler.cli.main  # noqa: F401
    from uxnet_compiler.files import CACHE_VARIABLE
except ImportError as error:
    pytest.exit(
        f"{error}: install the tree first, with `pip install -c constraints.txt -e .[dev]`",
        returncode=4,
    )

_HERE = Path(__file__).parent

# Examples in docs/ import ONNX Runtime as users do; it would call out from here.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# A slow machine is no defect.
settings.register_profile("uxnet", deadline=None)
settings.load_profile("uxnet")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="Rewrite the files in tests/golden instead of comparing with them.",
    )


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep what tests cache out of the user's home."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder))
        yield folder


@pytest.fixture(scope="session")
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with a file in tests/golden, byte for byte: `golden("passes/x.ir", text)`."""
    update = bool(request.config.getoption("--update-golden"))

    def compare(name: str, text: str) -> None:
        path = _HERE / "golden" / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        assert path.exists(), f"no golden file {name}; write it with pytest --update-golden"
        assert text == path.read_bytes().decode("utf-8"), f"{name} differs; see --update-golden"

    return compare


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data sets, or skip the test where there is none."""
    default = _HERE.parent.parent / "shared" / "data"
    folder = Path(os.environ.get("UXNET_TEST_DATA") or default)
    if not (folder / "Task04_Hippocampus" / "dataset.json").exists():
        pytest.skip("needs Task04_Hippocampus in the folder that UXNET_TEST_DATA names")
    return folder


@pytest.fixture(scope="session")
def phantom_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a 3-D phantom data set to read from: 6 cases of 32^3 voxels, 5 classes, isotropic."""
    from uxnet_compiler.data.phantom import write_phantom

    out = tmp_path_factory.mktemp("phantoms") / "phantom"
    write_phantom(out, cases=6, size=(32, 32, 32), spacing=(1, 1, 1))
    return out


@pytest.fixture(scope="session")
def phantom_set_2d(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a 2-D phantom data set to read from: 6 cases of 32^2 pixels, 5 classes."""
    from uxnet_compiler.data.phantom import write_phantom

    out = tmp_path_factory.mktemp("phantoms") / "phantom"
    write_phantom(out, cases=6, size=(32, 32))
    return out


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a headless Chromium, or skip the test where there is none."""
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return an empty page to open files in; whatever it grumbles about fails the test."""
    with watched_page(browser) as opened:
        yield opened
