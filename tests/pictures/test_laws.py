"""The laws of drawings of genotypes, in every detail and both sets of sizes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uxnet_compiler.pictures.compose import Layout, compose
from uxnet_compiler.pictures.metrics import PRINT, SLIDES, Metrics
from uxnet_compiler.pictures.network import network
from uxnet_compiler.pictures.scene import scene
from uxnet_compiler.pictures.scene_parts import Scene
from uxnet_compiler.pictures.shapes import Rect
from uxnet_compiler.pictures.summary import summary
from uxnet_compiler.schema import Genotype
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.spaces.uxnet import UXNetOptions, space
from uxnet_compiler.zoo import resolve, zoo

WIDEST = 4.0
CLEARANCE = 0.5


def sample(levels: int, dims: int, seed: int, tau: float) -> Genotype:
    frame = UXNetOptions(
        spatial_dims=dims,
        out_channels=3,
        widths=tuple(4 * 2**level for level in range(levels)),
        strides=((1,) * dims, *[(2,) * dims] * (levels - 1)),
    )
    return FAMILIES["uxnet"].sample(space(frame), seed, tau=tau)


def within(frame: Rect, rect: Rect) -> bool:
    return (
        frame.left <= rect.left
        and rect.right <= frame.right
        and frame.bottom <= rect.bottom
        and rect.top <= frame.top
    )


def faults(shown: Scene, layout: Layout) -> list[str]:
    """Return what a reader would take offence at."""
    found = []
    boxes = sorted(layout.rects.items())
    for link, curve in zip(shown.links, layout.curves, strict=True):
        points = curve.sample(30)
        if not all(layout.frame.holds(point) for point in (*points, curve.tip)):
            found.append(f"{link.source}>{link.target} leaves the frame")
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        hull = Rect(
            (min(xs) + max(xs)) / 2,
            (min(ys) + max(ys)) / 2,
            max(xs) - min(xs),
            max(ys) - min(ys),
        )
        found += [
            f"{link.source}>{link.target} runs through {name}"
            for name, rect in boxes
            if name not in {link.source, link.target}
            and rect.overlaps(hull, CLEARANCE)
            and any(rect.holds(point, CLEARANCE) for point in points)
        ]
    labels = sorted(layout.labels.items())
    for place, (index, label) in enumerate(labels):
        text = shown.links[index].label
        found += [f"{text} lies on {name}" for name, rect in boxes if label.overlaps(rect)]
        found += [f"{text} lies on {k}" for k, other in labels[:place] if label.overlaps(other)]
        if not within(layout.frame, label):
            found.append(f"{text} leaves the frame")
    for place, (name, rect) in enumerate(boxes):
        found += [f"{name} lies on {o}" for o, other in boxes[:place] if rect.overlaps(other)]
        if not within(layout.frame, rect):
            found.append(f"{name} leaves the frame")
    return found


@pytest.mark.parametrize("name", sorted(zoo()))
def test_the_zoo_is_drawn_without_faults_and_is_not_too_wide(name: str) -> None:
    genotype = resolve(f"zoo:{name}")

    for shown in (scene(genotype), summary(genotype), network(genotype)):
        for metrics in (PRINT, SLIDES):
            layout = compose(shown, metrics)
            assert faults(shown, layout) == []
            assert layout.frame.width <= WIDEST * layout.frame.height


@settings(max_examples=12, deadline=None)
@given(
    st.integers(3, 6),
    st.sampled_from([2, 3]),
    st.integers(0, 1000),
    st.floats(0.2, 0.8),
    st.sampled_from(["kept", "with what was cut", "ops"]),
    st.sampled_from([PRINT, SLIDES]),
)
def test_random_genotypes_are_drawn_without_faults(
    levels: int, dims: int, seed: int, tau: float, kind: str, metrics: Metrics
) -> None:
    genotype = sample(levels, dims, seed, tau)

    shown = network(genotype) if kind == "ops" else scene(genotype, pruned=kind != "kept")

    assert faults(shown, compose(shown, metrics)) == []


def test_slides_fill_a_page_of_16_by_9() -> None:
    frame = compose(scene(resolve("zoo:unet")), SLIDES).frame

    assert frame.width / frame.height == pytest.approx(16 / 9)


def test_frames_of_cells_hold_their_own_boxes_alone() -> None:
    shown = scene(resolve("zoo:nasunet"))

    layout = compose(shown)

    assert len(layout.clusters) == 11
    own = {cluster.id: set(cluster.boxes) for cluster in shown.clusters}
    for name, (frame, _) in layout.clusters.items():
        for box, rect in layout.rects.items():
            assert within(frame, rect) if box in own[name] else not frame.overlaps(rect)
