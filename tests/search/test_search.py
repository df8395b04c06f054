from __future__ import annotations

import json
import os
import signal
from math import nan
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from uxnet_compiler.errors import DataError, RunError
from uxnet_compiler.runs.events import read_events
from uxnet_compiler.runs.lock import alone_in
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import load
from uxnet_compiler.search import loop
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.decision import MEASURED_FILE
from uxnet_compiler.search.inherit import SUPERNET_FILE, inherited_weights
from uxnet_compiler.search.probe import Probe
from uxnet_compiler.search.search import Found, search
from uxnet_compiler.search.strategies.trainer import Trainer
from uxnet_compiler.search.trust.report import read_trust
from uxnet_compiler.spaces import FAMILIES, derive


def config(**changes: object) -> SearchConfig:
    values = {"steps": 6, "levels": 2, "width": 2, "batch_size": 1, "precision": "float32"}
    return SearchConfig.model_validate(values | changes)


class StopAfter(Observer):
    """Send Ctrl-C once a step is made."""

    def __init__(self, step: int) -> None:
        self.step = step

    def tick(self, done: float, **values: float) -> None:
        del done
        if values.get("step") == self.step:
            os.kill(os.getpid(), signal.SIGINT)


class StopIn(Observer):
    """Send Ctrl-C in a phase that a search has after its steps, and keep what is said."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.now = ""
        self.said: list[str] = []

    def phase(self, name: str, done: float = 0.0) -> None:
        del done
        self.now = name

    def note(self, text: str) -> None:
        self.said.append(text)

    def tick(self, done: float, **values: float) -> None:
        del done, values
        if self.now == self.name:
            self.name = ""
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(scope="module")
def found(phantom_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    return search(phantom_set, tmp_path_factory.mktemp("searches") / "run", config())


def test_a_search_ends_with_a_genotype_that_carries_its_evidence(found: Found) -> None:
    genotype = load(found.folder.genotype_path)

    assert genotype == found.genotype
    assert genotype.space is not None
    assert genotype.space.tau == 0.75
    assert genotype.evidence is not None
    assert len(genotype.evidence.gates) == 3
    assert genotype.architecture.out_channels == 5
    assert genotype.provenance.data["cases"] == 6
    assert found.summary.complete
    assert 0 < found.summary.waiting < 1
    assert found.summary.repaired == 0


def test_the_genotype_holds_no_path_and_no_case(found: Found, phantom_set: Path) -> None:
    text = found.folder.genotype_path.read_text()

    assert str(phantom_set.parent) not in text
    assert not any(path.name.split(".")[0] in text for path in phantom_set.glob("imagesTr/*"))


def test_the_diary_tells_losses_and_gates(found: Found) -> None:
    events = read_events(found.folder.events_path)

    steps = [event for event in events if event["kind"] == "search"]
    assert [event["step"] for event in steps] == [1, 2, 3, 4, 5, 6]
    assert all(isinstance(event["loss"], float) for event in steps)
    assert [event["architecture_loss"] is None for event in steps] == [True] * 2 + [False] * 4


def test_the_compiled_genotype_inherits_the_weights(found: Found) -> None:
    weights = inherited_weights(found.folder.path, found.genotype)

    network = found.genotype.compile(weights=weights)

    supernet = load_file(found.folder.path / SUPERNET_FILE)
    assert torch.equal(
        network.state_dict()["n1_0_to_output.conv.weight"],
        supernet["slots.n1_0_to_output.before.conv.weight"],
    )


def test_a_genotype_of_another_size_inherits_nothing(found: Found) -> None:
    other = found.genotype.model_copy(
        update={
            "architecture": found.genotype.architecture.model_copy(update={"widths": (3, 6)}),
        }
    )

    with pytest.raises(RunError, match=r"needs .* the supernet has"):
        inherited_weights(found.folder.path, other)


def test_deriving_at_the_same_threshold_gives_the_same_architecture(found: Found) -> None:
    assert derive(found.genotype, 0.75).id == found.genotype.id


def test_a_search_that_is_stopped_and_resumed_finds_the_same(
    found: Found, phantom_set: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"

    stopped = search(phantom_set, out, config(), observer=StopAfter(3))
    resumed = search(phantom_set, out, config(), resume=True)

    assert stopped.summary.steps == 3
    assert not stopped.summary.complete
    assert resumed.summary.complete
    assert resumed.genotype.evidence == found.genotype.evidence
    assert out.joinpath("genotype.json").read_bytes() == found.folder.genotype_path.read_bytes()
    assert out.joinpath(SUPERNET_FILE).read_bytes() == (
        found.folder.path.joinpath(SUPERNET_FILE).read_bytes()
    )


@pytest.mark.parametrize(
    "ctrl_c",
    [
        StopAfter(6),
        StopIn("measuring edges"),
        StopIn("measuring edges again"),
        StopIn("training single networks"),
    ],
    ids=["last step", "edges", "edges again", "single networks"],
)
def test_a_search_that_is_stopped_before_it_has_measured_ends_with_what_it_has_learned(
    ctrl_c: Observer, found: Found, phantom_set: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    learned = search(phantom_set, tmp_path / "learned", config(evidence="learned"))

    stopped = search(phantom_set, out, config(), observer=ctrl_c)

    assert stopped.summary.steps == 6
    assert not stopped.summary.complete
    assert stopped.genotype.evidence == learned.genotype.evidence
    assert out.joinpath(SUPERNET_FILE).read_bytes() == (
        learned.folder.path.joinpath(SUPERNET_FILE).read_bytes()
    )
    resumed = search(phantom_set, out, config(), resume=True)
    assert resumed.summary.complete
    assert out.joinpath("genotype.json").read_bytes() == found.folder.genotype_path.read_bytes()


def test_a_search_that_is_stopped_while_its_report_is_made_ends_whole(
    found: Found, phantom_set: Path, tmp_path: Path
) -> None:
    out, ctrl_c = tmp_path / "run", StopIn("measuring the trust report")

    made = search(phantom_set, out, config(), observer=ctrl_c)

    assert ctrl_c.name == "", "it was never sent"
    assert made.summary.complete
    assert out.joinpath("genotype.json").read_bytes() == found.folder.genotype_path.read_bytes()
    assert read_trust(out).gap is not None


def test_no_edge_goes_that_was_not_asked_again(found: Found) -> None:
    told = json.loads((found.folder.path / MEASURED_FILE).read_text())

    assert found.genotype.evidence is not None
    gone = {key for key, gate in found.genotype.evidence.gates.items() if gate < 0.75}
    assert gone
    assert gone <= told["again"].keys() < told["edges"].keys()


@pytest.mark.parametrize("found_by_single", [0.05, 0.5])
def test_single_networks_are_asked_about_ops_once_they_find_something(
    found_by_single: float, phantom_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Probe, "dice", lambda *_: found_by_single)
    listener = StopIn()

    found = search(phantom_set, tmp_path / "run", config(), observer=listener)

    told = json.loads((tmp_path / "run" / MEASURED_FILE).read_text())
    assert told["dice"] == found_by_single
    assert found.genotype.space is not None
    assert found.genotype.evidence is not None
    space = FAMILIES["uxnet"].space(found.genotype.space)
    for choice, tried in told["candidates"].items():
        asked = space.choices[choice] if found_by_single > 0.1 else [space.references[choice]]
        assert sorted(tried) == sorted(asked)
        weights = found.genotype.evidence.choices[choice]
        assert list(weights) == list(space.choices[choice])
        assert (weights[space.references[choice]] == 1.0) == (found_by_single < 0.1)
    assert any("find next to nothing (Dice 0.05)" in text for text in listener.said) == (
        found_by_single < 0.1
    )


def test_another_seed_sees_other_halves(found: Found, phantom_set: Path, tmp_path: Path) -> None:
    other = search(phantom_set, tmp_path / "run", config(seed=1))

    assert other.genotype.evidence != found.genotype.evidence


@pytest.mark.parametrize(("ops", "edges"), [(True, False), (False, True), (False, False)])
def test_each_half_of_the_search_can_be_switched_off(
    phantom_set: Path, tmp_path: Path, ops: bool, edges: bool
) -> None:
    listener = StopIn()
    options = config(steps=2, search_ops=ops, search_edges=edges)
    made = search(phantom_set, tmp_path / "run", options, observer=listener)

    assert made.genotype.evidence is not None
    # Single networks are trained and asked for the sake of ops alone.
    told = json.loads((tmp_path / "run" / MEASURED_FILE).read_text())
    assert told["adapted"] == (2 if ops else 0)
    assert any("single networks" in text for text in listener.said) <= ops
    assert bool(made.genotype.evidence.choices) == ops
    assert bool(made.genotype.evidence.gates) == edges


def test_a_search_in_two_dimensions_uses_flat_layers(phantom_set_2d: Path, tmp_path: Path) -> None:
    made = search(phantom_set_2d, tmp_path / "run", config(steps=2))

    assert made.genotype.architecture.spatial_dims == 2
    assert made.genotype.compile()(torch.zeros(1, 1, 32, 32)).shape == (1, 5, 32, 32)


def test_a_run_folder_in_use_is_refused(found: Found, phantom_set: Path) -> None:
    with pytest.raises(RunError, match="not empty"):
        search(phantom_set, found.folder.path, config())


def test_a_run_that_another_job_is_at_is_not_resumed(found: Found, phantom_set: Path) -> None:
    with alone_in(found.folder.path), pytest.raises(RunError, match="another job is at work"):
        search(phantom_set, found.folder.path, config(), resume=True)


def test_resuming_with_another_configuration_is_refused(found: Found, phantom_set: Path) -> None:
    with pytest.raises(RunError, match="width was 2, is now 3"):
        search(phantom_set, found.folder.path, config(width=3), resume=True)


def test_a_folder_without_data_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither a dataset\.json"):
        search(tmp_path, tmp_path / "run", config())

    assert not (tmp_path / "run").exists()


def test_more_folds_than_cases_are_refused_with_the_folder(
    phantom_set: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=f"^{phantom_set}: 7 folds of 6 cases; 2 to 6 folds are"):
        search(phantom_set, tmp_path / "run", config(folds=7))


def test_too_little_memory_is_refused_in_one_line(phantom_set: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="MiB are there"):
        search(phantom_set, tmp_path / "run", config(memory=1e-4))


def test_a_loss_that_is_no_number_stops_the_search_in_one_line(
    phantom_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = torch.nn.functional.leaky_relu
    monkeypatch.setattr(
        torch.nn.functional, "leaky_relu", lambda x, slope, **_: real(x, slope) * nan
    )

    with pytest.raises(RunError, match=r"run: step 1: the loss is not a finite number") as error:
        search(phantom_set, tmp_path / "run", config())

    assert "\n" not in str(error.value)
    assert "--resume goes on from it, with a lower --weight-lr than 0.002" in str(error.value)


def test_a_search_that_broke_down_goes_on_with_a_lower_learning_rate(
    phantom_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, factors, heard = Trainer.step, iter((1.0, 1.0, nan)), StopIn()

    def spoil(self: Trainer, *given: Any) -> float:
        factor = next(factors)
        first = next(self.network.parameters())
        hook = first.register_hook(lambda gradient: gradient * factor)  # type: ignore[no-untyped-call]  # torch has no type
        try:
            return real(self, *given)
        finally:
            hook.remove()

    monkeypatch.setattr(Trainer, "step", spoil)
    monkeypatch.setattr(loop, "SAVE_EVERY_S", 0.0)
    with pytest.raises(RunError, match="step 3: the gradient of the weights is not a finite"):
        search(phantom_set, tmp_path / "run", config(steps=4))
    monkeypatch.setattr(Trainer, "step", real)

    found = search(
        phantom_set,
        tmp_path / "run",
        config(steps=4, weight_lr=1e-4),
        resume=True,
        observer=heard,
    )

    assert found.summary.complete
    assert any("weight_lr was 0.002, is now 0.0001" in text for text in heard.said)
    assert [e["step"] for e in read_events(tmp_path / "run" / "events.jsonl")] == [1, 2, 3, 4]


def test_a_number_that_is_not_finite_while_measuring_is_told_with_the_folder(
    phantom_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise FloatingPointError("the loss is not a finite number")

    monkeypatch.setattr("uxnet_compiler.search.decision.adapt", fail)

    with pytest.raises(RunError, match=r"run: measuring: the loss .*: --resume goes on from it"):
        search(phantom_set, tmp_path / "run", config())


def test_a_search_that_is_killed_before_its_report_is_done_makes_it_when_resumed(
    phantom_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("uxnet_compiler.search.search.report_search", killed)
        with pytest.raises(KeyboardInterrupt):
            search(phantom_set, tmp_path / "run", config(steps=2))

    found = search(phantom_set, tmp_path / "run", config(steps=2), resume=True)

    assert found.summary.complete
    assert read_trust(tmp_path / "run").resources.complete


def test_a_complete_search_is_not_done_again(
    phantom_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = search(phantom_set, tmp_path / "run", config(steps=2))
    monkeypatch.setattr(Trainer, "step", lambda *_: pytest.fail("a step was made"))

    again = search(phantom_set, tmp_path / "run", config(steps=2), resume=True)

    assert again == made


def test_no_network_inherits_from_partial_channels(phantom_set: Path, tmp_path: Path) -> None:
    made = search(phantom_set, tmp_path / "run", config(steps=2, relaxation="partial"))

    with pytest.raises(RunError, match="saw 1/4 of the channels"):
        inherited_weights(made.folder.path, made.genotype)


@pytest.mark.parametrize("strategy", ["random", "evolution"])
def test_one_shot_searches_end_with_the_network_that_they_scored(
    phantom_set: Path, tmp_path: Path, strategy: str
) -> None:
    made = search(phantom_set, tmp_path / "run", config(strategy=strategy, score_batches=1))

    assert made.genotype.evidence is not None
    assert set(made.genotype.evidence.gates.values()) <= {0.0, 1.0}
