"""Random networks of convolutions side by side: many in a sum, and of concatenations."""

from __future__ import annotations

from hypothesis import strategies as st

from uxnet_compiler.ir import Graph
from uxnet_compiler.ops import Concat, Conv, Input, InstanceNorm, LeakyRelu, Op, Output, Scale, Sum


@st.composite
def branching_graphs(draw: st.DrawFn, max_blocks: int = 3) -> Graph:
    """Draw a 2-D network of blocks; each adds up branches of a few maps of one grid."""
    graph = Graph()
    ends = [graph.add("input", Input(channels=draw(st.integers(1, 3)), spatial_dims=2))]
    for number in range(draw(st.integers(1, max_blocks))):
        block = _Block(draw, graph, f"n{number}")
        scale = graph[ends[-1]].type.scale
        near = [name for name in ends if graph[name].type.scale == scale]
        ends.append(block.add(near, _stride(draw, scale)))
        if draw(st.booleans()):
            ends.append(graph.add(f"n{number}.leaky_relu", LeakyRelu(), (ends[-1],)))
    graph.add("output", Output(), (ends[-1],))
    if draw(st.booleans()):
        graph.add("aux_1.output", Output(), (draw(st.sampled_from(ends)),))
    return graph


def _stride(draw: st.DrawFn, scale: tuple[int, ...]) -> tuple[int, int] | None:
    return draw(st.sampled_from((None, None, (2, 2)))) if max(scale) < 4 else None


class _Block:
    def __init__(self, draw: st.DrawFn, graph: Graph, slot: str) -> None:
        self.draw = draw
        self.graph = graph
        self.slot = slot
        self.count = 0

    def add(self, near: list[str], stride: tuple[int, int] | None) -> str:
        """Add a sum of convolutions, some with a scale or norm, some of concatenations."""
        channels = self.draw(st.sampled_from((1, 2, 4, 12)))
        terms = []
        for _ in range(self.draw(st.integers(1, 4))):
            given = tuple(
                self.draw(
                    st.lists(
                        st.sampled_from(near),
                        min_size=1,
                        max_size=self.draw(st.sampled_from((1, 3))),
                    )
                )
            )
            source = given[0] if len(given) == 1 else self._append(Concat(), given)
            term = self._append(self._conv(channels, stride), (source,))
            behind = self.draw(st.sampled_from((None, None, Scale(factor=0.5), InstanceNorm())))
            terms.append(term if behind is None else self._append(behind, (term,)))
        if self.draw(st.booleans()):
            terms.append(self.draw(st.sampled_from(terms)))
        return self._append(Sum(), tuple(terms))

    def _conv(self, channels: int, stride: tuple[int, int] | None) -> Conv:
        side = st.sampled_from((1, 1, 3, 5))
        kernel = (self.draw(side), self.draw(side)) if self.draw(st.booleans()) else (1, 1)
        dilation = self.draw(st.sampled_from((None, None, (2, 1), (2, 2))))
        may_shift = kernel == (1, 1) and stride is not None
        return Conv(
            kernel=kernel,
            channels=channels,
            stride=stride,
            dilation=dilation,
            offset=self.draw(st.sampled_from((None, (0, 1)))) if may_shift else None,
            bias=self.draw(st.booleans()),
        )

    def _append(self, op: Op, inputs: tuple[str, ...]) -> str:
        self.count += 1
        return self.graph.add(f"{self.slot}.{op.kind}_{self.count}", op, inputs)
