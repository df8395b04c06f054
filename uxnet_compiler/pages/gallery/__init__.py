"""A site of many genotypes: cards to filter, a page for each, and any two compared."""

from uxnet_compiler.pages.gallery.find import Exhibit, exhibits, in_folder, in_zoo
from uxnet_compiler.pages.gallery.site import require_room, write_gallery

__all__ = ["Exhibit", "exhibits", "in_folder", "in_zoo", "require_room", "write_gallery"]
