"""The source of a network computes what the module does, reads well, and says nothing more."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from graphs import graphs
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import around, images, logits, narrow, network_of, network_of_graph
from safetensors.torch import save_file
from strategies import document, genotypes
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from uxnet_compiler.backends.source import SourceTarget, print_source
from uxnet_compiler.backends.source_calls import EXPRESSIONS as CALLS
from uxnet_compiler.backends.source_calls import LAYER_CALLS
from uxnet_compiler.backends.source_weights import PRINTERS, print_weight
from uxnet_compiler.backends.target import Network
from uxnet_compiler.backends.torch_calls import EMITTERS, LAYERS
from uxnet_compiler.backends.weights import evaluate
from uxnet_compiler.errors import BackendError
from uxnet_compiler.ir import Graph, from_text
from uxnet_compiler.ir.weights import EXPRESSIONS, Weight, parse_weight
from uxnet_compiler.ops import Conv, Input, Op, Output, TensorType
from uxnet_compiler.ops.samples import SAMPLES
from uxnet_compiler.passes import INFERENCE, TRAINING, Pass
from uxnet_compiler.schema import Architecture, Genotype
from uxnet_compiler.zoo import zoo

TARGET = SourceTarget()


def executed(source: str) -> dict[str, Any]:
    """Return what our own text defines."""
    names: dict[str, Any] = {"__name__": "network"}
    exec(compile(source, "network.py", "exec"), names)
    return names


def loaded(network: Network) -> nn.Module:
    """Return the printed network with the network's weights."""
    names = executed(print_source(network))
    module = names["load_weights"](names["Network"](), dict(network.stored))
    assert isinstance(module, nn.Module)
    return module.eval()


def results(module: nn.Module, image: Tensor) -> tuple[Tensor, ...]:
    with torch.inference_mode():
        found = module(image)
    return found if isinstance(found, tuple) else (found,)


def assert_same(network: Network) -> None:
    """Compare all outputs of the printed network and of the module, relative to the largest."""
    module = loaded(network)
    for image in images(network):
        expected, found = results(network.module, image), results(module, image)
        for one, two in zip(expected, found, strict=True):
            # The same calls; weights that are added up in another order round differently.
            torch.testing.assert_close(two, one, rtol=0, atol=1e-5 * float(one.abs().max() + 1))


def assert_tidy(source: str) -> None:
    """Check with the rules that people check their own code with."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,I", "-"]
    done = subprocess.run(
        [*command, "--stdin-filename", "network.py"],
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("passes", [TRAINING, INFERENCE], ids=["training", "inference"])
@pytest.mark.parametrize("name", zoo())
def test_every_genotype_of_the_zoo_is_printed_as_what_it_computes(
    name: str, passes: Sequence[Pass], tmp_path: Path
) -> None:
    network = network_of(narrow(name), passes)

    TARGET.write(network, tmp_path / TARGET.file)

    run = TARGET.open(tmp_path / TARGET.file, network)
    for image in images(network):
        torch.testing.assert_close(run(image), logits(network, image), rtol=1e-5, atol=1e-5)


@settings(max_examples=15)
@given(genotypes(max_levels=3), st.sampled_from((TRAINING, INFERENCE, ())), st.booleans())
def test_any_genotype_is(genotype: Genotype, passes: Sequence[Pass], deep: bool) -> None:
    assert_same(network_of(genotype, passes, deep_supervision=deep))


@settings(max_examples=40)
@given(graphs(), st.sampled_from((TRAINING, INFERENCE, ())))
def test_any_graph_of_any_ops_is(graph: Graph, passes: Sequence[Pass]) -> None:
    assert_same(network_of_graph(graph, passes))


def small(node: str = "a0") -> Genotype:
    """Return a small genotype, one of its nodes called otherwise."""
    plain = document()["architecture"]
    plain["nodes"][0]["id"] = node
    for edge in plain["edges"]:
        edge |= {end: node for end in ("source", "target") if edge[end] == "a0"}
    return Genotype(name="small", architecture=Architecture.model_validate(plain))


def test_every_op_can_be_printed() -> None:
    assert CALLS.keys() | {"sum@1"} == EMITTERS.keys()
    assert LAYER_CALLS.keys() == LAYERS.keys()


@pytest.mark.parametrize(("op", "inputs"), SAMPLES, ids=repr)
def test_every_op_computes_the_same(op: Op, inputs: tuple[TensorType, ...]) -> None:
    network = network_of_graph(around(op, inputs))

    # Scales of 3 and 4 in one graph: the image is a multiple of both, and of what comes after.
    scale = op.infer(inputs).scale
    wider = tuple(d * s for d, s in zip(network.divisor, scale, strict=True))
    assert_same(replace(network, divisor=wider))


DEEP = """\
scheduled
input = input@1 {"channels": 2, "spatial_dims": 2} () : 2 @ 1x1
b.conv = conv@1 {"channels": 4, "kernel": [3, 3]} (input) : 4 @ 1x1
a.conv = conv@1 {"channels": 4, "kernel": [1, 1]} (input) : 4 @ 1x1
b.relu = relu@1 {} (b.conv) : 4 @ 1x1
a.sum = sum@1 {} (a.conv, b.relu, b.relu) : 4 @ 1x1
a.conv_2 = conv@1 {"channels": 4, "kernel": [1, 1]} (b.relu) : 4 @ 1x1
a.sum_2 = sum@1 {} (b.relu, a.sum, a.conv_2, a.sum) : 4 @ 1x1
aux_1.conv = conv@1 {"bias": true, "channels": 3, "kernel": [1, 1]} (a.sum) : 3 @ 1x1
aux_1.output = output@1 {} (aux_1.conv) : 3 @ 1x1
dead.conv = conv@1 {"channels": 9, "kernel": [3, 3]} (a.sum) : 9 @ 1x1
output = output@1 {} (a.sum_2) : 4 @ 1x1
"""


def test_the_order_is_that_of_the_schedule_and_dead_values_are_left_out() -> None:
    network = network_of_graph(from_text(DEEP))

    source = print_source(network)

    assert_same(network)
    assert "dead" not in source
    assert source.index("self.b.conv(x)") < source.index("self.a.conv(x)")
    assert "return a, aux_1" in source or "return (a, aux_1)" in source
    assert_tidy(source)


def test_a_map_is_overwritten_exactly_where_that_is_allowed() -> None:
    body = forward_of(print_source(network_of_graph(from_text(DEEP))))

    assert "b = F.relu(b, inplace=True)" in body
    # a.sum may overwrite a.conv, which nobody else reads; a.sum_2 may not overwrite b.relu.
    assert "a_sum = a.add_(b)" in body
    assert "a = b + a_sum" in body


def forward_of(source: str) -> str:
    return source.partition("def forward")[2].partition("def load_weights")[0]


def test_a_batch_of_weights_that_was_folded_is_made_when_loading() -> None:
    network = network_of_graph(
        from_text(
            """\
input = input@1 {"channels": 2, "spatial_dims": 2} () : 2 @ 1x1
a.conv = conv@1 {"channels": 4, "kernel": [3, 3]} (input) : 4 @ 1x1
a.batch_norm = batch_norm@1 {} (a.conv) : 4 @ 1x1
a.scale = scale@1 {"factor": 0.5} (a.batch_norm) : 4 @ 1x1
output = output@1 {} (a.scale) : 4 @ 1x1
"""
        ),
        INFERENCE,
    )

    source = print_source(network)

    assert_same(network)
    assert "batch_norm(" not in forward_of(source)
    assert 'weights["a.conv.weight"] = ' in source
    assert "def norm_scale(" in source
    assert "def embed(" not in source
    assert_tidy(source)


FORMULAS = (
    "zeros(length=3)",
    "scale(a.conv.weight, factor=-0.5)",
    "add(a.conv.weight, b.conv.weight, a.conv.weight)",
    "stack(a.conv.weight, b.conv.weight, axis=1)",
    "slice(a.conv.weight, axis=1, start=1, stop=2)",
    "slice(add(a.conv.weight, b.conv.weight), axis=0, start=1, stop=3)",
    "embed(a.conv.weight, kernel=(5, 7), dilation=(2, 3))",
    "norm_scale(a.conv.weight, a.n.gamma, a.n.var, eps=0.001, axis=1)",
    "norm_shift(a.n.bias, a.n.gamma, a.n.beta, a.n.mean, a.n.var, eps=1e-05)",
    "scale(scale(add(a.conv.weight, scale(b.conv.weight, factor=2.0)), factor=3.0), factor=0.1)",
)


def test_every_expression_of_weights_is_tried() -> None:
    assert PRINTERS.keys() == set(EXPRESSIONS.values())
    assert {text.partition("(")[0] for text in FORMULAS} == EXPRESSIONS.keys()


@pytest.mark.parametrize("text", FORMULAS)
def test_an_expression_of_weights_is_printed_as_what_it_means(text: str) -> None:
    from uxnet_compiler.backends.source_weights import FUNCTIONS

    generator = torch.Generator().manual_seed(0)
    stored = {
        f"{slot}.{name}": torch.rand(shape, generator=generator)
        for slot in ("a", "b")
        for name, shape in {
            "conv.weight": (3, 2, 3, 3),
            "n.gamma": (2,),
            "n.var": (2,),
            "n.mean": (2,),
            "n.beta": (2,),
            "n.bias": (2,),
        }.items()
    }
    expression: Weight = parse_weight(text)

    head = "import torch\nimport torch.nn.functional as F\nfrom torch import Tensor\n"
    names = executed(head + "".join(FUNCTIONS.values()) + "stored = {}\n")
    names["stored"] = stored
    found = eval(str(print_weight(expression)), names)

    torch.testing.assert_close(found, evaluate(expression, stored))


class Live(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own is untyped
    """Find the most bytes of results that exist at once."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's own is untyped
        self.results: list[weakref.ref[Tensor]] = []
        self.peak = 0

    def __torch_dispatch__(self, function: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        made = result if isinstance(result, tuple | list) else [result]
        self.results += [weakref.ref(tensor) for tensor in made]
        alive = [tensor for ref in self.results if (tensor := ref()) is not None]
        storages = {s._cdata: s.nbytes() for t in alive if (s := t.untyped_storage())}
        self.peak = max(self.peak, sum(storages.values()))
        return result


def peak_of(module: nn.Module, image: Tensor) -> int:
    live = Live()
    with torch.no_grad(), live:
        module(image)
    return live.peak


@pytest.mark.parametrize("name", ["unet2d", "unetpp", "hippocampus"])
def test_it_takes_no_more_memory_than_the_module(name: str) -> None:
    network = network_of(narrow(name), deep_supervision=name == "unetpp")
    image = next(iter(images(network)))
    hoarder = executed(re.sub(r"(?m)^ +del .*\n", "", print_source(network)))["Network"]().eval()

    module = peak_of(network.module, image)

    assert 0 < peak_of(loaded(network), image) <= module
    assert module <= peak_of(hoarder, image)


@pytest.mark.parametrize("name", zoo())
def test_it_is_tidy(name: str) -> None:
    assert_tidy(print_source(network_of(narrow(name), deep_supervision=True)))


RICH = """\
input = input@1 {"channels": 2, "spatial_dims": 3} () : 2 @ 1x1x1
input_to_a.conv = conv@1 {"channels": 4, "kernel": [1, 3, 3]} (input) : 4 @ 1x1x1
input_to_a.batch_norm = batch_norm@1 {"eps": 0.001} (input_to_a.conv) : 4 @ 1x1x1
input_to_a.relu = relu@1 {} (input_to_a.batch_norm) : 4 @ 1x1x1
a_to_b.conv = conv@1 {"channels": 4, "kernel": [1, 1, 1], "offset": [0, 1, 1], \
"stride": [1, 2, 2]} (input_to_a.relu) : 4 @ 1x2x2
a_to_b.max_pool = max_pool@1 {"factor": [1, 2, 2]} (input_to_a.relu) : 4 @ 1x2x2
b.concat = concat@1 {} (a_to_b.conv, a_to_b.max_pool) : 8 @ 1x2x2
b.squeeze_excite = squeeze_excite@1 {"reduction": 4} (b.concat) : 8 @ 1x2x2
b.group_norm = group_norm@1 {"groups": 2} (b.squeeze_excite) : 8 @ 1x2x2
aux_1.conv = conv@1 {"bias": true, "channels": 3, "kernel": [1, 1, 1]} (b.group_norm) : 3 @ 1x2x2
aux_1.output = output@1 {} (aux_1.conv) : 3 @ 1x2x2
b_to_c.conv = conv@1 {"channels": 4, "kernel": [1, 1, 1]} (b.group_norm) : 4 @ 1x2x2 \
; weight = add(scale(e.conv.weight, factor=0.5), embed(f.conv.weight, kernel=(1, 1, 1), \
dilation=(1, 1, 1)), slice(g.conv.weight, axis=1, start=8, stop=16))
b_to_c.upsample = upsample@1 {"factor": [1, 2, 2]} (b_to_c.conv) : 4 @ 1x1x1
c.sum = sum@1 {} (b_to_c.upsample, input_to_a.relu, b_to_c.upsample) : 4 @ 1x1x1
c.leaky_relu = leaky_relu@1 {"slope": 0.2} (c.sum) : 4 @ 1x1x1
c_to_output.conv = conv@1 {"bias": true, "channels": 3, "kernel": [1, 1, 1]} (c.leaky_relu) \
: 3 @ 1x1x1
output = output@1 {} (c_to_output.conv) : 3 @ 1x1x1
"""


def test_it_reads_well(golden: Callable[[str, str], None]) -> None:
    graph = from_text(RICH)
    network = replace(network_of(small()), name="rich", graph=graph, divisor=(1, 2, 2))

    source = print_source(network)

    assert_tidy(source)
    golden("source/rich.py.txt", source)


def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    network = network_of(narrow("unet2d"))

    TARGET.write(network, tmp_path / "a.py")
    TARGET.write(network_of(narrow("unet2d")), tmp_path / "b.py")

    content = (tmp_path / "a.py").read_bytes()
    assert content == (tmp_path / "b.py").read_bytes()
    assert content.isascii()
    assert b"\r" not in content


def test_it_needs_torch_alone_and_gives_no_warning(tmp_path: Path) -> None:
    network = network_of(narrow("hippocampus"))
    TARGET.write(network, tmp_path / "network.py")
    image = next(images(network))
    save_file(dict(network.stored), tmp_path / "weights.safetensors")
    save_file({"image": image, "logits": logits(network, image)}, tmp_path / "data.safetensors")
    script = """
import sys, torch
sys.path.insert(0, ".")
from network import Network, load_weights
from safetensors.torch import load_file
network = load_weights(Network(), load_file("weights.safetensors")).eval()
data = load_file("data.safetensors")
torch.testing.assert_close(network(data["image"]), data["logits"], rtol=1e-5, atol=1e-5)
assert "uxnet_compiler" not in sys.modules
"""

    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


HOSTILE_NAMES = (
    '"""\nimport os\n"""',
    'a"""; raise SystemExit #',
    "back\\slash at the end \\",
    'quote at the end "',
    "\u2028line\u2029 \x85 \udc80 \u202e",
    "''' {network} %s \\N{BULLET} \\x41 \\",
    "n" * 200,
)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_of_a_genotype_leaves_the_docstring(name: str) -> None:
    network = replace(network_of(small()), name=name)

    tree = ast.parse(source := print_source(network))

    told = ast.get_docstring(tree, clean=False) or ""
    assert told.startswith(f"{name}: a segmentation network")
    plain = ast.parse(print_source(replace(network, name="plain")))
    assert ast.dump(ast.Module(tree.body[1:], [])) == ast.dump(ast.Module(plain.body[1:], []))
    assert source.isascii()
    assert_tidy(source)


HOSTILE_IDS = (
    "self", "x", "F", "l", "torch", "Tensor", "network", "stored", "load_weights", "Network",
    "print", "a0_conv", "match", "embed", "SqueezeExcite", "n" * 64,
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_IDS)
def test_any_node_may_have_any_name(name: str) -> None:
    network = network_of(small(name))

    assert_same(network)
    assert_tidy(print_source(network))


@pytest.mark.parametrize(
    "name", ["a b.conv", "a;b.conv", "if.conv", "a.conv\u0661", "1.conv", "é.conv"]
)
def test_what_python_cannot_say_is_refused(name: str) -> None:
    network = network_of_graph(from_text(DEEP))
    graph = Graph()
    graph.add("input", Input(channels=2, spatial_dims=2))
    graph.add(name, Conv(kernel=(1, 1), channels=2), ("input",))
    graph.add("output", Output(), (name,))

    with pytest.raises(BackendError, match="cannot be a name in Python") as caught:
        print_source(replace(network, graph=graph))

    assert "\n" not in str(caught.value)


def test_what_was_not_written_for_the_network_is_not_run(tmp_path: Path) -> None:
    network = network_of(small())
    path = tmp_path / "network.py"
    TARGET.write(network, path)
    path.write_text(path.read_text() + "\nraise SystemExit('run')\n")

    with pytest.raises(BackendError, match="is not what is written for 'small'"):
        TARGET.open(path, network)
    with pytest.raises(BackendError, match="cannot be read"):
        TARGET.open(tmp_path / "missing.py", network)
