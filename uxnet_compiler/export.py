"""Write a genotype as a network that others can run: document, weights, targets and report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from torch import Tensor

from uxnet_compiler.analysis import cost
from uxnet_compiler.backends import torch as backend
from uxnet_compiler.backends.catalogue import TARGETS
from uxnet_compiler.backends.safetensors import read_weights
from uxnet_compiler.backends.target import Network, Target
from uxnet_compiler.backends.weights import require_known, resolve
from uxnet_compiler.compiler import assemble, fitting_size, network_cost
from uxnet_compiler.errors import BackendError, RunError
from uxnet_compiler.files import replacing, write_text
from uxnet_compiler.ir import Graph
from uxnet_compiler.lowering import lower
from uxnet_compiler.machine.memory import memory_errors, require_memory
from uxnet_compiler.ops import spell
from uxnet_compiler.passes import INFERENCE, Pass, spell_pipeline
from uxnet_compiler.report import Costs, PassReport, Report, TargetReport, software, two_digits
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.schema import Genotype, drop_dead, dump, load, structure_id
from uxnet_compiler.validation import PassRecord, needed_bytes, optimise
from uxnet_compiler.verification import Verifier

GENOTYPE_FILE = "genotype.json"
REPORT_FILE = "report.json"
ALWAYS = "torch"
"""The target that every export has: the other files can be made again from it."""
CHECKED = {"onnx"}
"""Targets that are compared with the reference without being asked: other code runs them."""
ADVICE = "compile it on a machine with more memory"


def files_of(targets: Iterable[Target]) -> tuple[str, ...]:
    """Return the names of the files that an export with these targets writes."""
    parts = [name for target in targets for name in (target.file, *target.beside)]
    return (GENOTYPE_FILE, *parts, REPORT_FILE)


def export(  # noqa: PLR0913 (each is an option of the command)
    genotype: Genotype,
    out: Path,
    *,
    weights: Mapping[str, Tensor] | None = None,
    weights_source: str = "weights",
    seed: int = 0,
    targets: Sequence[str] = (ALWAYS,),
    passes: Sequence[Pass] = INFERENCE,
    image_size: tuple[int, ...] | None = None,
    verify: bool = False,
    on_pass: Callable[[PassRecord, Graph], None] | None = None,
) -> Report:
    """Compile a genotype into a folder, all or nothing; the same input gives the same bytes.

    Args:
        genotype: Any family's; what cannot change its output is left out.
        out: A new folder, or one that an earlier export wrote.
        weights: Tensors by the names of the document's network; fresh ones from `seed` when not
            given.
        weights_source: Where these come from, for messages.
        seed: For fresh weights.
        targets: Names of what to write besides the document and its weights.
        passes: Rewrites of the network; each is validated.
        image_size: What to count costs for; 64 (3-D) or 256 (2-D) per axis, rounded up.
        verify: Run every target and compare it with the document's network in float64.
        on_pass: Called after each pass with its record and the graph.

    Raises:
        BackendError: The folder holds something else, the weights do not fit, or a target cannot
            be written or computes something else.
        GraphError: The image size does not fit the architecture.
        PassError: A pass changed what the network computes.
        RunError: The machine has not enough memory.
        UnknownNameError: No target has that name.
    """
    chosen = [TARGETS[name] for name in dict.fromkeys((ALWAYS, *targets))]
    for target in chosen:
        target.require()
    _require_ours(out)
    architecture = drop_dead(genotype.architecture)
    size = fitting_size(architecture, image_size)
    network, records = compile_network(
        genotype,
        weights=weights,
        weights_source=weights_source,
        seed=seed,
        passes=passes,
        on_pass=on_pass,
    )
    verifier = Verifier(network, exact=all(each.exact for each in passes))
    with replacing(out) as draft:
        draft.mkdir()
        dump(genotype.model_copy(update={"architecture": architecture}), draft / GENOTYPE_FILE)
        written = {}
        for target in chosen:
            target.write(network, draft / target.file)
            checked = verify or target.name in CHECKED
            with memory_errors(genotype.name, ADVICE):
                difference = verifier.difference(target, draft) if checked else None
            written[target.name] = TargetReport(
                files=(target.file, *target.beside), largest_difference=two_digits(difference)
            )
        report = Report(
            name=genotype.name,
            id=genotype.id,
            structure_id=structure_id(architecture),
            in_channels=architecture.in_channels,
            out_channels=architecture.out_channels,
            divisor=architecture.total_stride,
            image_size=size,
            lowered=Costs.of(cost(network.document, size)),
            optimised=Costs.of(cost(network.graph, size)),
            pipeline=spell_pipeline(passes),
            passes=tuple(PassReport.of(record) for record in records),
            targets=written,
            software=software(chosen),
        )
        write_text(draft / REPORT_FILE, report.model_dump_json(indent=2) + "\n")
    return report


def compile_network(
    genotype: Genotype,
    *,
    weights: Mapping[str, Tensor] | None = None,
    weights_source: str = "weights",
    seed: int = 0,
    passes: Sequence[Pass] = INFERENCE,
    on_pass: Callable[[PassRecord, Graph], None] | None = None,
) -> tuple[Network, tuple[PassRecord, ...]]:
    """Return what targets write, and what each pass did; arguments are those of `export`.

    Raises:
        BackendError: The weights do not fit.
        PassError: A pass changed what the network computes.
        RunError: The machine has not enough memory.
    """
    architecture = drop_dead(genotype.architecture)
    document = lower(architecture)
    require_memory(needed_bytes(document), genotype.name, ADVICE)
    with memory_errors(genotype.name, ADVICE):
        stored = _stored(document, weights, weights_source, seed)
        optimised = optimise(document, passes, on_pass=on_pass)
        module = assemble(document, optimised.graph, stored, source=weights_source).eval()
    network = Network(
        name=genotype.name,
        genotype_id=genotype.id,
        document=document,
        graph=optimised.graph,
        stored=stored,
        module=module,
        divisor=architecture.total_stride,
    )
    return network, optimised.records


def require_affordable(
    genotype: Genotype,
    image_size: tuple[int, ...] | None = None,
    *,
    max_params: int | None = None,
    max_bytes: int | None = None,
) -> None:
    """Refuse a genotype that asks for too much, before anything is allocated for it.

    Args:
        genotype: Any family's.
        image_size: As in `export`.
        max_params: Most trained numbers.
        max_bytes: Most bytes of weights and, at their peak in inference, feature maps together.

    Raises:
        BackendError: A limit is exceeded.
        GraphError: The image size does not fit the architecture.
    """
    found = network_cost(drop_dead(genotype.architecture), image_size)
    if max_params is not None and found.params > max_params:
        raise BackendError(f"{genotype.name}: {found.params} parameters, the limit is {max_params}")
    weights = 4 * found.params
    if max_bytes is not None and weights + found.peak_bytes > max_bytes:
        raise BackendError(
            f"{genotype.name}: {_gib(weights)} of weights and {_gib(found.peak_bytes)} of feature"
            f" maps at {spell(found.image_size)}, the limit is {_gib(max_bytes)}"
        )


def _gib(num_bytes: int) -> str:
    return f"{num_bytes / 2**30:.3g} GiB"


def trained_weights(run: Path, genotype: Genotype) -> dict[str, Tensor] | None:
    """Return the weights that a training run holds, or `None` when it is no training's.

    Raises:
        RunError: It is no run, or one of another architecture.
        BackendError: The weights cannot be read.
    """
    folder = RunFolder.open(run)
    if not folder.weights_path.exists():
        return None
    trained = load(folder.genotype_path).id
    if trained != genotype.id:
        raise RunError(f"{run}: trained the architecture {trained[:12]}, not {genotype.id[:12]}")
    return read_weights(folder.weights_path)


def _require_ours(out: Path) -> None:
    """Never replace a folder that holds anything but an earlier export."""
    if out.is_dir():
        ours = files_of(TARGETS.values())
        foreign = sorted(found.name for found in out.iterdir() if found.name not in ours)
        if foreign:
            raise BackendError(
                f"{out}: holds {foreign[0]!r}, so it will not be replaced; choose a new folder"
            )
    elif out.exists():
        raise BackendError(f"{out}: is a file; choose a new folder")


def _stored(
    document: Graph, weights: Mapping[str, Tensor] | None, source: str, seed: int
) -> dict[str, Tensor]:
    """Return all weights of the document's network, those that passes make useless, too."""
    if weights is None:
        return backend.build(document, seed=seed).state_dict()
    require_known(weights, document, source=source)
    return resolve(document, weights, source=source)
