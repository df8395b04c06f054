"""Write a gallery: its first page, a page for each architecture, and one that compares two."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from uxnet_compiler.diff import VERDICTS
from uxnet_compiler.errors import RunError
from uxnet_compiler.files import replacing
from uxnet_compiler.pages.gallery.cards import Card, choices, make_card
from uxnet_compiler.pages.gallery.drawings import packed, thumb
from uxnet_compiler.pages.gallery.find import Exhibit
from uxnet_compiler.pages.gallery.record import OpTable, records
from uxnet_compiler.pages.report.architecture import Architecture, architecture_of
from uxnet_compiler.pages.web import make_page
from uxnet_compiler.pictures.scene import scene
from uxnet_compiler.pictures.summary import summary
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import dumps
from uxnet_compiler.wording import counted

PACKAGE = "uxnet_compiler.pages.gallery"
FIRST, PAIR, ROOM = "index.html", "compare.html", "genotypes"
OURS = re.compile(rf"{FIRST}|{PAIR}|{ROOM}|{ROOM}/[0-9a-f]{{64}}\.(html|json)")


def write_gallery(exhibits: Sequence[Exhibit], out: Path, observer: Observer) -> None:
    """Write a site that needs no server and no network, all or nothing.

    The same exhibits make the same bytes.

    Args:
        exhibits: At least one.
        out: Folder; an earlier gallery in it is replaced.
        observer: Is told how far it is.

    Raises:
        RunError: The folder cannot be written, or holds anything but an earlier gallery.
    """
    out = out.resolve()
    require_room(out)
    shown = []
    observer.phase("gallery")
    with replacing(out) as draft:
        (draft / ROOM).mkdir(parents=True)
        for number, exhibit in enumerate(exhibits, 1):
            shown.append(_show(exhibit))
            _write_exhibit(shown[-1], draft / ROOM)
            observer.tick(number / len(exhibits), genotypes=number)
        _write(draft / FIRST, _first_page(shown))
        _write(draft / PAIR, _pair_page(shown))


def require_room(out: Path) -> None:
    """Refuse a folder in which anything but an earlier gallery would be lost.

    Raises:
        RunError: It holds something else, or is no folder.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise RunError(f"{out}: is a file; a gallery needs a folder")
    if Path.cwd().is_relative_to(out):
        raise RunError(f"{out}: you are in it, and a gallery replaces it; name another folder")
    for path in sorted(out.rglob("*")):
        inside = path.relative_to(out).as_posix()
        if not OURS.fullmatch(inside):
            raise RunError(
                f"{out}: holds {inside}, which no gallery wrote; name another folder, or an"
                " earlier gallery to replace"
            )


@dataclass(frozen=True)
class _Shown:
    """An exhibit with all that the pages say of it."""

    exhibit: Exhibit
    architecture: Architecture
    card: Card


def _show(exhibit: Exhibit) -> _Shown:
    genotype = exhibit.genotype
    architecture = architecture_of(genotype, f"g{exhibit.id[:12]}")
    has_cells = len(architecture.drawings) > 1
    small = thumb(summary(genotype) if has_cells else scene(genotype))
    return _Shown(exhibit, architecture, make_card(exhibit, architecture.overview, small))


def _write_exhibit(shown: _Shown, room: Path) -> None:
    exhibit = shown.exhibit
    document = dumps(exhibit.genotype)
    encoded = base64.b64encode(document.encode()).decode()
    page = make_page(
        PACKAGE,
        "genotype.html",
        styles=("acts.css",),
        card=shown.card,
        shown=shown.architecture,
        other_names=exhibit.other_names,
        # Within the page, since Chromium opens a link to a file beside it instead of saving it.
        document=Markup(f"data:application/json;base64,{encoded}"),
        file_name=_file_name(shown.card),
    )
    _write(room / f"{exhibit.id}.json", document)
    _write(room / f"{exhibit.id}.html", page)


def _file_name(card: Card) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", card.name).strip("-")[:60]
    return f"{plain or card.id[:12]}.json"


def _first_page(shown: Sequence[_Shown]) -> str:
    cards = [each.card for each in shown]
    title = counted(len(cards), "architecture")
    return make_page(
        PACKAGE,
        "index.html",
        styles=("cards.css",),
        scripts=("cards.js",),
        title=title,
        cards=cards,
        choices=choices(cards),
    )


def _pair_page(shown: Sequence[_Shown]) -> str:
    table = OpTable()
    told = records([each.exhibit.genotype for each in shown], table)
    return make_page(
        PACKAGE,
        "compare.html",
        styles=("compare.css",),
        scripts=("difference.js", "compare.js"),
        cards=[each.card for each in shown],
        records={
            "ops": table.rows(),
            "verdicts": VERDICTS,
            "records": told,
        },
        drawings=[(each.card.id, _packed(each.architecture)) for each in shown],
    )


def _packed(architecture: Architecture) -> Markup:
    """Return the drawing of all nodes, which comes behind that of cells."""
    return Markup(packed(architecture.drawings[-1].svg))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
