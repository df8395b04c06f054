from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from uxnet_compiler.data.plan import Plan
from uxnet_compiler.errors import DataError, RunError
from uxnet_compiler.runs.events import read_events
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runs.lock import alone_in
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.runs.schedule import Schedule
from uxnet_compiler.schema import Genotype, load
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.loop import Loop
from uxnet_compiler.training.train import train
from uxnet_compiler.zoo import fit

CONFIG = TrainConfig(steps=6, folds=3, validations=3, validation_cases=1, device="cpu")


class CtrlC(Observer):
    """Press Ctrl-C after a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def tick(self, done: float, **values: float) -> None:  # noqa: ARG002
        if values.get("step") == self.step:
            os.kill(os.getpid(), signal.SIGINT)


def test_a_run_holds_all_that_is_needed_to_use_it(run: Path, unet: Genotype) -> None:
    folder = RunFolder.open(run)

    assert {path.name for path in run.iterdir()} == {
        "checkpoint.previous.pt", "checkpoint.pt", "config.json", "curves.png", "events.jsonl",
        "genotype.json", "plan.json", "schedule.json", "split.json", "summary.json", "task.json",
        "tb", "weights.safetensors",
    }  # fmt: skip
    assert load(folder.genotype_path).id == unet.id
    assert folder.read(folder.plan_path, Plan).strides == unet.architecture.strides
    unet.compile().load_state_dict(load_file(folder.weights_path))
    summary = json.loads(folder.summary_path.read_text())
    assert summary["complete"] is True
    assert summary["steps"] == 4
    assert 0 < summary["waiting"] < 1
    assert set(summary["labels"]) == set(json.loads((run / "task.json").read_text())["labels"][1:])


def test_a_run_names_no_path_and_its_shared_documents_no_case(run: Path) -> None:
    for name in ("config.json", "genotype.json", "plan.json", "task.json", "summary.json"):
        text = (run / name).read_text()

        assert str(run.parent) not in text
        assert "phantom_0" not in text


def test_the_diary_has_every_step_and_every_look_at_the_held_out_cases(run: Path) -> None:
    events = read_events(run / "events.jsonl")

    assert [e["step"] for e in events if e["kind"] == "train"] == [1, 2, 3, 4]
    assert [e["step"] for e in events if e["kind"] == "validate"] == [2, 4]


@pytest.mark.parametrize("deep_supervision", [False, True])
def test_a_stopped_and_resumed_run_ends_as_if_it_had_not_been_stopped(
    phantom_set: Path, unet: Genotype, tmp_path: Path, deep_supervision: bool
) -> None:
    config = CONFIG.model_copy(update={"deep_supervision": deep_supervision})
    train(unet, phantom_set, tmp_path / "whole", config)

    stopped = train(unet, phantom_set, tmp_path / "parts", config, observer=CtrlC(3))
    resumed = train(unet, phantom_set, tmp_path / "parts", config, resume=True)

    assert (stopped.summary.steps, stopped.summary.complete) == (3, False)
    assert (resumed.summary.steps, resumed.summary.complete) == (6, True)
    for name in ("weights.safetensors", "events.jsonl"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_stopped_run_has_weights_and_curves(
    phantom_set: Path, unet: Genotype, tmp_path: Path
) -> None:
    train(unet, phantom_set, tmp_path / "run", CONFIG, observer=CtrlC(1))

    weights = load_file(tmp_path / "run" / "weights.safetensors")
    assert all(bool(torch.isfinite(value).all()) for value in weights.values())
    assert (tmp_path / "run" / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_another_seed_gives_other_weights_and_the_same_seed_the_same(
    phantom_set: Path, unet: Genotype, tmp_path: Path
) -> None:
    found = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        config = TrainConfig(steps=1, seed=seed, device="cpu")
        train(unet, phantom_set, tmp_path / name, config)
        found.append((tmp_path / name / "weights.safetensors").read_bytes())

    assert found[0] == found[1]
    assert found[0] != found[2]


def test_training_lowers_the_loss(phantom_set: Path, unet: Genotype, tmp_path: Path) -> None:
    config = TrainConfig(steps=40, lr=0.01, augment=False, device="cpu")

    train(unet, phantom_set, tmp_path / "run", config)

    losses = [float(str(e["loss"])) for e in read_events(tmp_path / "run" / "events.jsonl")]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_2_d_images_train_a_2_d_network(
    phantom_set_2d: Path, unet_2d: Genotype, tmp_path: Path
) -> None:
    config = TrainConfig(steps=2, folds=3, device="cpu", deep_supervision=True)

    result = train(unet_2d, phantom_set_2d, tmp_path / "run", config)

    assert result.summary.complete
    weights = load_file(tmp_path / "run" / "weights.safetensors")
    assert not [name for name in weights if name.startswith("aux_")]


def test_a_time_budget_ends_a_run(phantom_set: Path, unet: Genotype, tmp_path: Path) -> None:
    config = TrainConfig(minutes=0.02, device="cpu")

    result = train(unet, phantom_set, tmp_path / "run", config)

    assert result.summary.complete
    assert result.summary.steps >= 1
    assert result.summary.dice is None
    rates = [float(str(e["lr"])) for e in read_events(tmp_path / "run" / "events.jsonl")]
    schedule = RunFolder(tmp_path / "run").read(tmp_path / "run" / "schedule.json", Schedule)
    assert len(rates) == schedule.steps == result.summary.steps
    assert rates[-1] < max(rates) or len(rates) < 4


def test_weights_of_another_run_can_be_the_start(
    phantom_set: Path, unet: Genotype, run: Path, tmp_path: Path
) -> None:
    config = TrainConfig(steps=1, lr=1e-9, weight_decay=0, device="cpu", deep_supervision=True)

    train(unet, phantom_set, tmp_path / "next", config, weights=run / "weights.safetensors")

    before, after = (
        load_file(folder / "weights.safetensors") for folder in (run, tmp_path / "next")
    )
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, atol=1e-6, rtol=0)


def test_a_loss_that_is_not_finite_ends_the_run_in_one_line(
    phantom_set: Path, unet: Genotype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Loop.save_checkpoint

    def spoil(self: Loop) -> None:
        real(self)
        with torch.no_grad():
            next(iter(self.network.parameters())).fill_(float("nan"))

    monkeypatch.setattr(Loop, "save_checkpoint", spoil)

    with pytest.raises(RunError, match=r"step 1: the loss is nan; .* with a lower --lr than"):
        train(unet, phantom_set, tmp_path / "run", CONFIG)

    assert not (tmp_path / "run" / "weights.safetensors").exists()
    monkeypatch.setattr(Loop, "save_checkpoint", real)
    mended = CONFIG.model_copy(update={"lr": 1e-4})
    assert train(unet, phantom_set, tmp_path / "run", mended, resume=True).summary.complete


def test_a_genotype_for_other_data_is_refused_before_anything_is_written(
    phantom_set: Path, unet: Genotype, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"has 5 classes .*, the genotype 3"):
        train(fit(unet, out_channels=3), phantom_set, tmp_path / "run", CONFIG)
    with pytest.raises(DataError, match=r"has 1 channels .*, the genotype 2"):
        train(fit(unet, in_channels=2), phantom_set, tmp_path / "run", CONFIG)

    assert not (tmp_path / "run").exists()


def test_a_run_is_not_resumed_with_another_genotype_or_configuration(
    phantom_set: Path, unet: Genotype, run: Path
) -> None:
    config = RunFolder(run).read(run / "config.json", TrainConfig)

    with pytest.raises(RunError, match="another genotype"):
        train(fit(unet, widths=(4, 16)), phantom_set, run, config, resume=True)
    with pytest.raises(RunError, match=r"steps was 4, is now 5"):
        train(unet, phantom_set, run, config.model_copy(update={"steps": 5}), resume=True)


def test_a_run_that_another_job_is_at_is_not_resumed(
    phantom_set: Path, unet: Genotype, run: Path
) -> None:
    config = RunFolder(run).read(run / "config.json", TrainConfig)

    with alone_in(run), pytest.raises(RunError, match="another job is at work"):
        train(unet, phantom_set, run, config, resume=True)


def test_a_patch_that_does_not_fit_the_memory_is_one_line(
    phantom_set: Path, unet: Genotype, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="smallest patch"):
        train(unet, phantom_set, tmp_path / "run", TrainConfig(memory=1e-5))

    assert not (tmp_path / "run").exists()
