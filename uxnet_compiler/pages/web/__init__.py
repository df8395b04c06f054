"""What all pages share: the frame, the look, the scripts, and the policy that guards them."""

from uxnet_compiler.pages.web.document import make_page
from uxnet_compiler.pages.web.drawing import drawing

__all__ = ["drawing", "make_page"]
