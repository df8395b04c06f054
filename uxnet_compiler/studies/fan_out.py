"""Do the steps of a study at the same time, in processes of Ray: on this machine or a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.lock import alone_in
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.studies.crew import Crew, import_ray, session
from uxnet_compiler.studies.folder import check, enter, is_done, remember, require_data
from uxnet_compiler.studies.outcome import Outcome, failure, outcome_of
from uxnet_compiler.studies.progress import Progress
from uxnet_compiler.studies.step import Step, Study
from uxnet_compiler.wording import counted

if TYPE_CHECKING:
    from types import ModuleType

RETRIES = 3  # of a step whose worker or machine was lost; it goes on from its checkpoint
GRACE_S = 120.0  # for steps to save their state when the sweep is stopped
LOST = Outcome(False, f"its worker was lost {RETRIES + 1} times; its memory may be too small")


def fan_out(
    study: Study,
    out: Path,
    crew: Crew,
    observer: Observer | None = None,
    hours: Mapping[str, float] | None = None,
) -> bool:
    """Do every step whose result is not there yet, several at a time.

    A step starts when those that it needs are done. When a worker is lost, its step is tried again
    elsewhere. A step that fails stops those that need it, not the others.

    Args:
        study: What is to be done.
        out: Folder of the study.
        crew: Who does the work.
        observer: Hears how far it is.
        hours: That steps are expected to take, by name: what is left is told by them.

    Returns:
        Whether all is done; Ctrl-C stops a study, and the same call goes on with it.

    Raises:
        BackendError: Ray is not installed, or the cluster cannot be reached or used.
        DataError: A data set cannot be used.
        RunError: A step failed, or the folder belongs to another study or is another job's now.
    """
    observer = observer or Observer()
    for step in study.steps:
        if ":" in step.device:
            raise RunError(
                f"{step.name}: device {step.device!r}: workers are given their GPU; ask for"
                " auto, cuda or cpu"
            )
    require_data(study)
    check(study, out)
    with alone_in(out):
        enter(study, out, observer)
        missing = [step for step in study.steps if not is_done(step, out)]
        if not missing:
            return True
        ray = import_ray()
        with session(ray, crew, gpus=any(step.device != "cpu" for step in missing)) as workers:
            progress = Progress([step.name for step in missing], hours or {})
            return _Foreman(ray, study, out, crew, workers, observer, progress).run(missing)


def work(step: Step, data: Path, out: Path, threads: int) -> Outcome:
    """Do one step in a worker."""
    import torch

    from uxnet_compiler.studies.work import do

    torch.set_num_threads(threads)
    try:
        return outcome_of(lambda: do(step, data, out, Observer()))
    except KeyboardInterrupt:
        return Outcome(complete=False)


class _Foreman:
    """Hand out steps, at most as many at a time as there are workers."""

    def __init__(
        self,
        ray: ModuleType,
        study: Study,
        out: Path,
        crew: Crew,
        workers: int,
        observer: Observer,
        progress: Progress,
    ) -> None:
        self._ray = ray
        self._study = study
        self._out = out.resolve()
        self._crew = crew
        self._workers = workers
        self._observer = observer
        self._progress = progress
        self._remote = ray.remote(work)
        self._running: dict[Any, Step] = {}
        self._failed: dict[str, str] = {}
        self._lost: Counter[str] = Counter()

    def run(self, missing: list[Step]) -> bool:
        waiting = list(missing)
        open_names = {step.name for step in missing}
        try:
            for step in {step.data: step for step in missing}.values():
                remember(self._study, step, self._out, self._observer)
            self._observer.phase(counted(len(missing), "job"))
            while waiting or self._running:
                waiting = self._hand_out(waiting, open_names)
                if not self._running:
                    break
                finished, _ = self._ray.wait(list(self._running), timeout=1.0)
                for reference in finished:
                    step = self._running.pop(reference)
                    outcome = self._result(reference)
                    if outcome is None and self._may_go_again(step):
                        waiting.insert(0, step)
                        continue
                    self._hear(step, outcome or LOST)
                    self._progress.end(step.name)
                    if step.name not in self._failed:
                        open_names.discard(step.name)
                done = len(missing) - len(open_names)
                running = len(self._running)
                self._observer.tick(self._progress.done, jobs=done, running=running)
        except KeyboardInterrupt:
            self._stop()
            return False
        if self._failed:
            raise failure(self._failed, open_names)
        return True

    def _hand_out(self, waiting: list[Step], open_names: set[str]) -> list[Step]:
        """Start what can be started; return what has to wait."""
        left = []
        for step in waiting:
            ready = not open_names & set(step.needs)
            if ready and len(self._running) < self._workers:
                self._running[self._start(step)] = step
                self._progress.start(step.name)
            else:
                left.append(step)
        return left

    def _start(self, step: Step) -> Any:
        gpus = self._ray.cluster_resources().get("GPU", 0)
        options = {
            "num_cpus": self._crew.threads,
            "num_gpus": 1 if gpus and step.device != "cpu" else 0,
            "max_retries": 0,  # ours say so in a line; Ray's print pages of its logs
        }
        data = self._study.data[step.data].resolve()
        threads = self._crew.threads
        return self._remote.options(**options).remote(step, data, self._out, threads)

    def _result(self, reference: Any) -> Outcome | None:
        """Return how a step ended; None when its worker was lost."""
        try:
            outcome: Outcome = self._ray.get(reference)
        except self._ray.exceptions.TaskCancelledError:
            return Outcome(complete=False)
        except self._ray.exceptions.RayTaskError:
            raise  # a defect of ours: it may be seen
        except self._ray.exceptions.RayError:
            return None
        if not outcome.complete and outcome.error is None:
            return Outcome(complete=False, error="was stopped from outside")
        return outcome

    def _may_go_again(self, step: Step) -> bool:
        self._lost[step.name] += 1
        if self._lost[step.name] > RETRIES:
            return False
        self._observer.note(f"{step.name}: its worker was lost; it goes on in another one")
        return True

    def _hear(self, step: Step, outcome: Outcome) -> None:
        if outcome.complete:
            self._observer.note(f"{step.name}: done")
        else:
            self._failed[step.name] = outcome.error or "was stopped"
            self._observer.note(f"{step.name}: {self._failed[step.name]}")

    def _stop(self) -> None:
        """Send Ctrl-C to every worker, and give them time to save."""
        self._observer.note("stopping; each job saves where it is")
        for reference in self._running:
            self._ray.cancel(reference, force=False)
        self._ray.wait(list(self._running), num_returns=len(self._running), timeout=GRACE_S)
