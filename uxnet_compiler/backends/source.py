"""Write a network as readable Python that needs torch alone."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from uxnet_compiler.backends.source_calls import LAYER_CALLS, squeeze_excite_class
from uxnet_compiler.backends.source_forward import forward_lines, slot
from uxnet_compiler.backends.source_layout import WIDTH, Bracketed, lay_out
from uxnet_compiler.backends.source_weights import FUNCTIONS, kinds, print_weight
from uxnet_compiler.backends.target import Network, Runner, Target
from uxnet_compiler.backends.weights import expression_of, tensor_shapes
from uxnet_compiler.errors import BackendError
from uxnet_compiler.files import write_text
from uxnet_compiler.ir import Graph, Value
from uxnet_compiler.ir.weights import Stored


class SourceTarget(Target):
    """Straight-line code with the layers of a class `Network` and the names of the document.

    The file is code: whoever got it from a stranger must read it before running it. This class
    runs only what it would write itself.
    """

    name: ClassVar[str] = "source"
    file: ClassVar[str] = "network.py"

    def write(self, network: Network, path: Path) -> None:
        """Write the code; weights are not in it.

        Raises:
            BackendError: A value has a name that Python cannot say.
        """
        write_text(path, print_source(network))

    def open(self, path: Path, network: Network) -> Runner:
        """Run the code with the network's weights, if it is what `write` writes.

        Raises:
            BackendError: It is not, or cannot be read. It is not run then.
        """
        source = print_source(network)
        try:
            found = path.read_bytes()
        except OSError as error:
            raise BackendError(f"{path}: cannot be read: {error.strerror or error}") from None
        if found != source.encode():
            raise BackendError(
                f"{path}: is not what is written for {network.name!r}, so it is not run; write it"
                " again"
            )
        names: dict[str, Any] = {"__name__": path.stem}
        exec(compile(source, path.name, "exec"), names)  # our own text, as was just checked
        module = names["load_weights"](names["Network"](), dict(network.stored)).eval()

        def run(image: Tensor) -> Tensor:
            with torch.inference_mode():
                result = module(image)
            main: Tensor = result[0] if isinstance(result, tuple) else result
            return main

        return run


def print_source(network: Network) -> str:
    """Return a network as Python code; the same network always gives the same text.

    Raises:
        BackendError: A value has a name that Python cannot say.
    """
    live = network.graph.reachable()
    values = [value for value in network.graph.values() if value.id in live]
    _require_names(values)
    parts = [_network(network, values), _load_weights(network, values)]
    if any(value.op.kind == "squeeze_excite" for value in values):
        parts.insert(0, squeeze_excite_class(len(network.divisor)))
    code = "\n\n".join([*parts, *_functions(network.graph, values)])
    text = f"{_docstring(network)}\n{_imports(code)}\n\n{code}"
    if any(len(line) > WIDTH for line in text.splitlines()):
        return f"# ruff: noqa: E501 (the names are long)\n{text}"
    return text


def _require_names(values: Iterable[Value]) -> None:
    for value in values:
        for word in value.id.split("."):
            if not (word.isascii() and word.isidentifier()) or keyword.iskeyword(word):
                raise BackendError(f"{value.id!r}: {word!r} cannot be a name in Python")


def _quoted(text: str) -> str:
    """Return text that stays within a docstring, whatever it says: ASCII, with escapes."""
    return json.dumps(text)[1:-1]


def _docstring(network: Network) -> str:
    letters = "DHW"[-len(network.divisor) :]
    size = ", ".join(letters)
    multiples = ", ".join(f"{a} of {d}" for a, d in zip(letters, network.divisor, strict=True))
    return f'''\
"""{_quoted(network.name)}: a segmentation network in plain PyTorch.

genotype  {_quoted(network.genotype_id)}
image     (B, {network.in_channels}, {size}), multiples: {multiples}
logits    (B, {network.out_channels}, {size})

Written by uxnet-compiler; needs torch alone. The weights are in a file of their own, by
the names of the nodes and edges of the genotype:

    from safetensors.torch import load_file

    network = load_weights(Network(), load_file("weights.safetensors")).eval()
    logits = network(image)
"""
'''


def _imports(code: str) -> str:
    """Return the imports that the code needs, in the order of isort."""
    lines = ["import torch"] if re.search(r"(?<![\w.])torch\.", code) else []
    if re.search(r"(?<![\w.])F\.", code):
        lines.append("import torch.nn.functional as F")
    return "\n".join([*lines, "from torch import Tensor, nn", ""])


def _network(network: Network, values: Sequence[Value]) -> str:
    graph = network.graph
    layers: dict[str, list[Bracketed]] = {}
    for value in values:
        if value.op.op in LAYER_CALLS:
            made = LAYER_CALLS[value.op.op](value.op, graph[value.inputs[0]].type)
            entry = Bracketed(f'"{value.id.partition(".")[2]}": {made.head}', made.parts)
            layers.setdefault(slot(value.id), []).append(entry)
    several = len(graph.outputs()) > 1
    lines = [
        "class Network(nn.Module):",
        '    """Layers by node and edge, called in a straight line."""',
        "",
        "    def __init__(self) -> None:",
        "        super().__init__()",
    ]
    for name, entries in layers.items():
        table = Bracketed("nn.ModuleDict({", tuple(entries), "})")
        lines += lay_out(table, 8, f"self.{name} = ")
    lines += [
        "",
        f"    def forward(self, x: Tensor) -> {'tuple[Tensor, ...]' if several else 'Tensor'}:",
        f'        """Map images to logits{", finest first" * several}."""',
        *forward_lines(graph, values),
    ]
    return "\n".join([*lines, ""])


def _tensors(graph: Graph, values: Sequence[Value]) -> list[str]:
    live = {value.id for value in values}
    return [name for name in tensor_shapes(graph) if ".".join(name.split(".")[:2]) in live]


def _load_weights(network: Network, values: Sequence[Value]) -> str:
    graph = network.graph
    names = _tensors(graph, values)
    lines = ["def load_weights(network: Network, stored: dict[str, Tensor]) -> Network:"]
    computed = [name for name in names if expression_of(graph, name) != Stored(name)]
    if computed:
        lines += [
            '    """Load weights by the names of the genotype; return the network.',
            "",
            "    Some layers do what several of the genotype did: their weights are made here.",
            '    """',
        ]
    else:
        lines.append('    """Load weights by the names of the genotype; return the network."""')
    if not computed and set(names) == set(tensor_shapes(network.document)):
        lines.append("    network.load_state_dict(stored)")
    else:
        lines.append("    wanted = network.state_dict()")
        lines.append("    weights = {name: stored[name] for name in wanted if name in stored}")
        for name in computed:
            code = print_weight(expression_of(graph, name))
            lines += lay_out(code, 4, f"weights[{json.dumps(name)}] = ")
        lines.append("    network.load_state_dict(weights)")
    return "\n".join([*lines, "    return network", ""])


def _functions(graph: Graph, values: Sequence[Value]) -> list[str]:
    used = {kind for name in _tensors(graph, values) for kind in kinds(expression_of(graph, name))}
    return [text for kind, text in FUNCTIONS.items() if kind in used]
