"""The family of UXNet (arXiv 2009.07501)."""

from uxnet_compiler.spaces.family import Family
from uxnet_compiler.spaces.uxnet.decode import TAU, read
from uxnet_compiler.spaces.uxnet.regulariser import polarisation
from uxnet_compiler.spaces.uxnet.space import FAMILY, VERSION, UXNetOptions, space

UXNET = Family(
    name=FAMILY,
    version=VERSION,
    options=UXNetOptions,
    build=space,
    read=read,
    tau=TAU,
    regulariser=polarisation,
)

__all__ = ["UXNET", "UXNetOptions", "space"]
