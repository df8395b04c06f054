"""Which packages and programs are there, and which versions are known to be bad."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement
from packaging.version import Version

from uxnet_compiler.machine.checkup import Check

PACKAGE = "uxnet-compiler"
GROUP = "software"
FOR_DEVELOPMENT = "dev"


def software() -> Iterator[Check]:
    """Look at this package, at what it needs and at what it can use."""
    yield Check(group=GROUP, name="Python", status="ok", text=platform.python_version())
    yield Check(group=GROUP, name=PACKAGE, status="ok", text=version(PACKAGE))
    seen = set()
    for requirement in map(Requirement, requires(PACKAGE) or ()):
        extra = _extra(requirement)
        if extra != FOR_DEVELOPMENT and requirement.name not in seen:
            seen.add(requirement.name)
            yield _package(requirement, extra)
    yield _graphviz()


def _extra(requirement: Requirement) -> str:
    """Return the extra that asks for it; empty when a plain install does."""
    text = str(requirement.marker or "")
    return text.partition("extra == ")[2].strip("\"' ")


def _package(requirement: Requirement, extra: str) -> Check:
    name = requirement.name
    source = f"{PACKAGE}[{extra}]" if extra else PACKAGE
    hint = f"pip install '{source}'"
    try:
        found = version(name)
    except PackageNotFoundError:
        return Check(group=GROUP, name=name, status="note", text="not installed", hint=hint)
    if not requirement.specifier.contains(found, prereleases=True):
        text = f"{found}, but {requirement.specifier} is needed"
        return Check(group=GROUP, name=name, status="note", text=text, hint=f"{hint} --upgrade")
    return Check(group=GROUP, name=name, status="ok", text=found)


def _graphviz() -> Check:
    name = "Graphviz (dot)"
    if shutil.which("dot"):
        return Check(group=GROUP, name=name, status="ok", text="there")
    hint = "apt install graphviz, or see https://graphviz.org/download"
    return Check(group=GROUP, name=name, status="note", text="not installed", hint=hint)


def cuda_defects(torch_version: str, cudnn: int, *, bfloat16: bool) -> Iterator[Check]:
    """Tell what is known of 3-D convolutions on CUDA with these versions.

    Args:
        torch_version: As `torch.__version__`.
        cudnn: As `torch.backends.cudnn.version()`: 91002 is 9.10.2.
        bfloat16: Whether jobs compute in it here.

    Source:
        pytorch/pytorch issues 163539 (wrong results), 166122 and 166643 (slow, much memory), and
        pull requests 163581, 166480 (cuDNN 9.8 to 9.14 switched off for them in torch 2.9 and
        later) and 167024 (TF32 switched off).
    """
    release = Version(torch_version).release
    spelled = f"{cudnn // 10000}.{cudnn // 100 % 100}.{cudnn % 100}"
    name = f"3-D convolutions, torch {torch_version}, cuDNN {spelled}"
    hint = "pip install 'torch>=2.10'"
    if release < (2, 9) and 90800 <= cudnn < 91300:
        yield Check(
            group="known defects",
            name=name,
            status="wrong" if bfloat16 else "guarded",
            text="large ones in bfloat16 are wrong"
            + ("" if bfloat16 else "; jobs compute in float32 here"),
            hint=f"{hint}, or --precision float32",
        )
    elif release[:2] == (2, 9) and (release < (2, 9, 1) or cudnn < 91500):
        yield Check(
            group="known defects",
            name=name,
            status="note",
            text="those in bfloat16 are 4 x slower and take much more memory",
            hint=hint,
        )
    elif 90800 <= cudnn < 91500:
        yield Check(
            group="known defects",
            name=name,
            status="note",
            text="torch leaves cuDNN out for those in bfloat16, which is slow",
            hint="pip install 'nvidia-cudnn-cu12>=9.15'",
        )
    else:
        text = "no defect of these versions is known"
        yield Check(group="known defects", name=name, status="ok", text=text)
