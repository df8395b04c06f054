"""What all pages share: the frame, the look, the scripts, and the policy that guards them."""

from uxnet_compiler.pages.web.document import make_page

__all__ = ["make_page"]
