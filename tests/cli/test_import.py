"""`uxnet import` as people call it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

from uxnet_compiler import load
from uxnet_compiler.backends.safetensors import read_weights
from uxnet_compiler.cli.main import main

PLANS = {
    "UNet_class_name": "PlainConvUNet",
    "UNet_base_num_features": 4,
    "unet_max_num_features": 320,
    "n_conv_per_stage_encoder": [1, 1],
    "n_conv_per_stage_decoder": [1],
    "pool_op_kernel_sizes": [[1, 1], [2, 2]],
    "conv_kernel_sizes": [[3, 3], [3, 3]],
    "patch_size": [32, 32],
}
FRAME = ["--in-channels", "1", "--out-channels", "3"]


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["import", *arguments])
    crashed = result.exception is not None and not isinstance(result.exception, SystemExit)
    assert not crashed, repr(result.exception)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def plans(tmp_path: Path) -> str:
    return file_of(tmp_path, "plans.json", {"configurations": {"2d": PLANS}})


def file_of(folder: Path, name: str, content: object) -> str:
    (folder / name).write_text(json.dumps(content))
    return str(folder / name)


def state() -> dict[str, torch.Tensor]:
    """Return the tensors of nnU-Net's network, each by one name."""
    made = {"decoder.transpconvs.0.weight": (8, 4, 2, 2), "decoder.transpconvs.0.bias": (4,)}
    made |= {"decoder.seg_layers.0.weight": (3, 4, 1, 1), "decoder.seg_layers.0.bias": (3,)}
    for home, given, width in (
        ("encoder.stages.0.0.convs.0", 1, 4),
        ("encoder.stages.1.0.convs.0", 4, 8),
        ("decoder.stages.0.convs.0", 8, 4),
    ):
        made[f"{home}.conv.weight"] = (width, given, 3, 3)
        for name in ("conv.bias", "norm.weight", "norm.bias"):
            made[f"{home}.{name}"] = (width,)
    return {name: torch.rand(shape) for name, shape in made.items()}


def test_plans_become_a_genotype(plans: str, tmp_path: Path) -> None:
    out = tmp_path / "made" / "unet.json"

    code, stdout, stderr = run(
        "nnunet", plans, "-o", str(out), "--configuration", "2d", "--name", "mine", *FRAME
    )

    genotype = load(out)
    assert (code, stdout, stderr) == (0, f"{out}: mine, {genotype.id[:12]}\n", "")
    assert (genotype.name, genotype.architecture.widths) == ("mine", (4, 8))
    assert genotype.architecture.out_channels == 3


def test_the_data_set_says_how_many_channels(plans: str, tmp_path: Path) -> None:
    dataset = {"channel_names": {"0": "T1", "1": "T2"}, "labels": {"background": 0, "a": 1}}
    path = file_of(tmp_path, "dataset.json", dataset)
    out = tmp_path / "unet.json"

    code, *_ = run("nnunet", plans, "-o", str(out), "--configuration", "2d", "--dataset", path)

    assert code == 0
    architecture = load(out).architecture
    assert (architecture.in_channels, architecture.out_channels) == (2, 2)


def test_weights_get_the_names_of_the_genotype(plans: str, tmp_path: Path) -> None:
    out, weights = tmp_path / "unet.json", tmp_path / "unet.safetensors"
    checkpoint = tmp_path / "checkpoint_final.pth"
    given = state()
    torch.save({"network_weights": given, "logging": [np.float64(1)]}, checkpoint)

    code, stdout, _ = run(
        *("nnunet", plans, "-o", str(out), "--configuration", "2d", *FRAME),
        *("--weights", str(checkpoint), "--weights-out", str(weights)),
    )

    assert code == 0
    assert stdout.startswith(f"{weights}: 16 tensors\n{out}: nnunet, ")
    genotype = load(out)
    found = read_weights(weights, genotype_id=genotype.id)
    head = found["decoder0_to_output.conv.weight"]
    assert torch.equal(head, given["decoder.seg_layers.0.weight"])
    assert genotype.compile(weights=found)(torch.zeros(1, 1, 8, 8)).shape == (1, 3, 8, 8)


def test_weights_of_another_width_are_refused_before_anything_is_written(
    plans: str, tmp_path: Path
) -> None:
    out, weights = tmp_path / "unet.json", tmp_path / "unet.safetensors"
    given = state()
    given["decoder.seg_layers.0.weight"] = torch.zeros(2, 4, 1, 1)
    save_file(given, tmp_path / "given.safetensors")

    code, _, stderr = run(
        *("nnunet", plans, "-o", str(out), "--configuration", "2d", *FRAME),
        *("--weights", str(tmp_path / "given.safetensors"), "--weights-out", str(weights)),
    )

    assert code == 1
    assert re.fullmatch(r".*given.safetensors: decoder0_to_output.conv.weight is .*\n", stderr)
    assert not out.exists()
    assert not weights.exists()


def test_another_order_of_axes_is_told(tmp_path: Path) -> None:
    content = {"configurations": {"2d": PLANS}, "transpose_forward": [1, 0, 2]}
    path = file_of(tmp_path, "plans.json", content)
    out = tmp_path / "unet.json"

    code, _, stderr = run("nnunet", path, "-o", str(out), "--configuration", "2d", *FRAME)

    assert code == 0
    assert stderr == f"{out}: its axes are those of the image in the order [1, 0, 2]\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give --dataset, or both"),
        (["--in-channels", "1"], "give --dataset, or both"),
        (["--in-channels", "1", "--dataset", "d.json"], "--dataset says how many"),
        ([*FRAME, "--weights", "w.pth"], "--weights and --weights-out go together"),
        ([*FRAME, "--weights-out", "w.safetensors"], "--weights and --weights-out go together"),
        ([*FRAME, "--weights", "w.pth", "--weights-out", "./unet.json"], "are one file"),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], message: str, plans: str) -> None:
    code, _, stderr = run("nnunet", plans, "-o", "unet.json", *arguments)

    assert code == 2
    assert message in stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (FRAME, r"plans.json: configurations: no configuration '3d_fullres'; there: 2d\n"),
        (
            ["--configuration", "2d", "--dataset", "none.json"],
            r"none.json: cannot be read: No such file or directory\n",
        ),
        (
            ["--configuration", "2d", "--in-channels", "70000", "--out-channels", "2"],
            r"nnunet: in_channels: .*65536.*\n",
        ),
        (
            ["--configuration", "2d", *FRAME, "--name", "a\tb"],
            r"a b: name: .*\n",
        ),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_1(
    arguments: list[str], message: str, plans: str, tmp_path: Path
) -> None:
    out = tmp_path / "unet.json"

    code, stdout, stderr = run("nnunet", plans, "-o", str(out), *arguments)

    assert (code, stdout) == (1, "")
    assert re.fullmatch(rf"(\S*/)?{message}", stderr)
    assert not out.exists()


def code_of(folder: Path) -> str:
    """Write the code of one block of two levels: down from the first, and up again."""
    arrays: dict[str, Any] = {
        "node_a": np.array([[1, 0], [1, 1], [1, 0]]),
        "arch_code_a": np.array([[1, 0, 1, 0], [0, 1, 0, 0]]),
        "arch_code_c": np.array([[1, 0, 2, 0], [0, 1, 0, 0]]),
    }
    torch.save(arrays, folder / "code.pt")
    return str(folder / "code.pt")


def test_a_dints_code_becomes_a_genotype(tmp_path: Path) -> None:
    out = tmp_path / "dints.json"

    code, stdout, stderr = run(
        "dints", code_of(tmp_path), "-o", str(out), "--channel-mul", "0.25", *FRAME
    )

    genotype = load(out)
    assert (code, stdout, stderr) == (0, f"{out}: dints, {genotype.id[:12]}\n", "")
    assert genotype.architecture.widths[0] == 8


def test_weights_of_dints_get_the_names_of_the_genotype(tmp_path: Path) -> None:
    from uxnet_compiler.importers.dints import genotype, read_code, stored_names

    path = code_of(tmp_path)
    made = genotype(read_code(Path(path)), channel_mul=0.25)
    fresh = made.compile(seed=3).state_dict()
    names = stored_names(read_code(Path(path)))
    torch.save({theirs: fresh[ours] for ours, theirs in names.items()}, tmp_path / "model.pt")
    out, weights = tmp_path / "dints.json", tmp_path / "dints.safetensors"

    code, *_ = run(
        *("dints", path, "-o", str(out), "--channel-mul", "0.25"),
        *("--weights", str(tmp_path / "model.pt"), "--weights-out", str(weights)),
    )

    assert code == 0
    found = read_weights(weights, genotype_id=load(out).id)
    assert found.keys() == fresh.keys()
    assert all(torch.equal(found[name], fresh[name]) for name in fresh)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--in-channels", "70000"], 1),
        (["--name", "a\tb"], 1),
        (["--channel-mul", "nan"], 2),
        (["--channel-mul", "1e30"], 1),
    ],
)
def test_what_no_document_can_hold_is_told_for_dints(
    arguments: list[str], code: int, tmp_path: Path
) -> None:
    out = tmp_path / "o.json"

    found, stdout, stderr = run("dints", code_of(tmp_path), "-o", str(out), *arguments)

    assert (found, stdout) == (code, "")
    assert code == 2 or stderr.count("\n") == 1
    assert not out.exists()
