from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.config import dump_config, make_config


class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    steps: int = Field(default=10, ge=1)
    lr: float = Field(default=0.1, gt=0, allow_inf_nan=False)
    device: str = "cpu"
    minutes: float | None = None


def test_options_win_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("steps: 20\nlr: 0.5\n")

    config = make_config(Config, file, {"lr": 0.7, "device": None})

    assert config == Config(steps=20, lr=0.7, device="cpu")


@given(
    st.builds(
        Config,
        steps=st.integers(1, 10**9),
        lr=st.floats(1e-9, 1e9),
        device=st.text(max_size=20),
        minutes=st.none() | st.floats(0, 1e6),
    )
)
def test_what_is_printed_reads_back_the_same(config: Config) -> None:
    import yaml

    assert Config.model_validate(yaml.safe_load(dump_config(config))) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stepz: 3\n", "stepz: Extra inputs"),
        ("steps: 0\n", "steps: Input should be greater"),
        ("a: 1\nsteps: [3\n", "not valid YAML: line 3, column 1: expected ',' or ']'"),
        ("- 1\n", "mapping of option names"),
        ("1: 2\n", "mapping of option names"),
        ("a: !!python/object/apply:os.system ['true']\n", "not valid YAML"),
    ],
)
def test_a_wrong_file_is_one_line_with_its_name(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)

    with pytest.raises(RunError, match=message) as caught:
        make_config(Config, file, {})

    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


def test_a_missing_or_binary_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be read"):
        make_config(Config, tmp_path / "none.yaml", {})

    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunError, match="UTF-8"):
        make_config(Config, tmp_path / "b.yaml", {})


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("# nothing\n")

    assert make_config(Config, tmp_path / "c.yaml", {}) == Config()
