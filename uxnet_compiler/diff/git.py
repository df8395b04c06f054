"""Answer git when it asks an external program what differs between two versions of a file.

Source:
    git(1), `GIT_EXTERNAL_DIFF`; gitattributes(5), "Defining an external diff driver".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from uxnet_compiler.compiler import network_cost
from uxnet_compiler.diff.compare import diff
from uxnet_compiler.diff.text import Kind, Line, to_lines
from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.schema import Genotype, load
from uxnet_compiler.wording import counted, one_line, short

NOTHING = "/dev/null"
COUNTS = (1, 7, 9)
"""Arguments that git gives for a file with conflicts, for any other, and for a renamed one."""


def answer(arguments: Sequence[str]) -> Iterator[Line]:
    """Tell what differs between the two versions that git names.

    What is no genotype is not an error: git asks about every file of a name, old ones as well.

    Args:
        arguments: As git gives them: path, then file, hash and mode of the old version and of the
            new one, then, for a renamed file, its new path and how similar it is.
    """
    path = one_line(arguments[0])
    if len(arguments) == 1:
        yield Line(f"{path}: has conflicts", "head")
        return
    _, old, _, old_mode, new, _, new_mode = arguments[:7]
    new_path = one_line(arguments[7]) if len(arguments) > 7 else path
    yield Line(f"uxnet diff a/{path} b/{new_path}", "head")
    if old_mode != new_mode and NOTHING not in (old, new):
        yield Line(f"mode {old_mode} -> {new_mode}")
    try:
        before = None if old == NOTHING else load(old)
        after = None if new == NOTHING else load(new)
    except GenotypeError as error:
        yield Line(f"no genotype: {one_line(error.defects[0][1])}; see git diff --no-ext-diff")
        return
    if before and after:
        yield from to_lines(diff(before, after), f"a/{path}", f"b/{new_path}")
    elif before:
        yield _whole("- removed", before, "removed")
    elif after:
        yield _whole("+ added", after, "added")


def _whole(verb: str, genotype: Genotype, kind: Kind) -> Line:
    architecture = genotype.architecture
    params = short(network_cost(architecture).params)
    return Line(
        f"{verb} {genotype.id[:12]}  {one_line(genotype.name)}: {architecture.spatial_dims}-D,"
        f" {counted(len(architecture.nodes), 'node')}, {counted(len(architecture.edges), 'edge')},"
        f" {params} parameters",
        kind,
    )
