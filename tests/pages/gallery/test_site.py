from __future__ import annotations

import re
from pathlib import Path

import pytest
from galleries import write_site
from hypothesis import given
from hypothesis import strategies as st

from uxnet_compiler.errors import RunError
from uxnet_compiler.pages.gallery import exhibits, in_folder, in_zoo, write_gallery
from uxnet_compiler.pages.gallery.drawings import packed
from uxnet_compiler.pages.gallery.site import require_room
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import dumps, load
from uxnet_compiler.zoo import resolve


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_each_genotype_has_a_page_and_the_document_beside_it(site: Path) -> None:
    ids = {path.stem for path in (site / "genotypes").iterdir()}

    assert resolve("zoo:unet").id in ids
    assert set(contents(site)) == {"index.html", "compare.html"} | {
        f"genotypes/{id_}.{kind}" for id_ in ids for kind in ("html", "json")
    }
    for id_ in ids:
        path = site / "genotypes" / f"{id_}.json"
        assert load(path).id == id_
        assert path.read_text() == dumps(load(path))


def test_the_same_folder_makes_the_same_bytes_wherever_it_lies(site: Path, tmp_path: Path) -> None:
    documents = sorted((site.parent / "documents").glob("*.json"))

    again = write_site([load(path) for path in documents], tmp_path / "elsewhere")

    assert contents(again) == contents(site)
    assert not any(str(site.parent).encode() in text for text in contents(site).values())


def test_pages_refer_to_files_of_the_site_alone(site: Path) -> None:
    for path in site.rglob("*.html"):
        for target in re.findall(r'(?:href|src)="([^"#]*)', path.read_text()):
            assert target.startswith("data:") or not target or (path.parent / target).exists()


def test_what_a_stranger_says_is_escaped_on_every_page(strange_site: Path) -> None:
    texts = [path.read_text() for path in strange_site.rglob("*.html")]
    assert sum("alert(1)" in text for text in texts) == 3
    for text in texts:
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "\u202e" not in text
        assert "y" * 3000 not in re.sub(r"base64,\S*", "", text)


def test_an_earlier_gallery_is_replaced_whole(tmp_path: Path) -> None:
    write_site([resolve("zoo:unet"), resolve("zoo:unet2d")], tmp_path)
    (tmp_path / "documents" / "1.json").unlink()
    sources, _ = in_folder(tmp_path / "documents", without=tmp_path / "site")

    write_gallery(exhibits(sources), tmp_path / "site", Observer())

    kept = {path.stem for path in (tmp_path / "site" / "genotypes").iterdir()}
    assert kept == {resolve("zoo:unet").id}


@pytest.mark.parametrize(
    "stranger",
    ["CNAME", "genotypes/mine.json", ".git/HEAD", "genotypes/deep/" + "0" * 64 + ".json"],
)
def test_a_folder_with_anything_else_is_refused(stranger: str, tmp_path: Path) -> None:
    path = tmp_path / "site" / stranger
    path.parent.mkdir(parents=True)
    path.write_text("precious")

    with pytest.raises(RunError, match="which no gallery wrote; name another folder"):
        require_room(tmp_path / "site")


def test_a_file_and_the_folder_that_one_is_in_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(RunError, match="is a file; a gallery needs a folder"):
        require_room(tmp_path / "file")
    with pytest.raises(RunError, match="you are in it"):
        require_room(tmp_path)


def test_a_gallery_that_fails_leaves_nothing(tmp_path: Path) -> None:
    class Impatient(Observer):
        def tick(self, *_: float, **__: float) -> None:
            raise KeyboardInterrupt

    shown = [each for each in exhibits(in_zoo()) if each.genotype.name == "unet"]
    with pytest.raises(KeyboardInterrupt):
        write_gallery(shown, tmp_path / "site", Impatient())

    assert list(tmp_path.iterdir()) == []


@given(st.text())
def test_packing_is_the_same_every_time(text: str) -> None:
    assert packed(text) == packed(text)
