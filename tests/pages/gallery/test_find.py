from __future__ import annotations

import json
from pathlib import Path

import pytest
from strategies import document

from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.pages.gallery.find import Source, exhibits, in_folder, in_zoo
from uxnet_compiler.pictures.render import MAX_NODES
from uxnet_compiler.schema import Genotype, dump, loads
from uxnet_compiler.zoo import zoo


def small(**changes: object) -> Genotype:
    return loads(json.dumps(document() | changes))


def names(folder: Path) -> list[str]:
    sources, _ = in_folder(folder, without=folder / "site")
    return [source.genotype.name for source in sources]


def test_genotypes_are_found_in_all_folders_in_the_order_of_their_paths(tmp_path: Path) -> None:
    dump(small(name="second"), tmp_path / "b.json")
    dump(small(name="first"), tmp_path / "a" / "deep" / "z.json")

    assert names(tmp_path) == ["first", "second"]


def test_hidden_files_and_an_earlier_gallery_do_not_count(tmp_path: Path) -> None:
    dump(small(name="shown"), tmp_path / "a.json")
    dump(small(name="hidden"), tmp_path / ".trash" / "a.json")
    dump(small(name="gallery"), tmp_path / "site" / "genotypes" / "a.json")

    assert names(tmp_path) == ["shown"]


def test_of_a_run_its_genotype_alone_counts(tmp_path: Path) -> None:
    dump(small(name="found"), tmp_path / "run" / "genotype.json")
    (tmp_path / "run" / "config.json").write_text("{}")
    (tmp_path / "run" / "events.jsonl").write_text("")

    sources, refused = in_folder(tmp_path, without=tmp_path / "site")

    assert [source.genotype.name for source in sources] == ["found"]
    assert refused == []


def test_what_is_no_genotype_is_told_in_one_line_each(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "broken\x1b[31m\n.json").write_text("{")
    (tmp_path / "bad.json").write_text(json.dumps(document() | {"name": 1, "more": 2}))

    sources, refused = in_folder(tmp_path, without=tmp_path / "site")

    assert sources == []
    assert len(refused) == 3
    assert all(line.isprintable() for line in refused)
    assert "bad.json: name: " in refused[0]
    assert refused[0].endswith(" (and 1 more)")
    assert "list.json: not a genotype" in refused[2]


def test_one_that_is_too_large_to_draw_is_left_out(tmp_path: Path) -> None:
    plain = document()
    node = plain["architecture"]["nodes"][0]
    plain["architecture"]["nodes"] += [node | {"id": f"x{n}"} for n in range(MAX_NODES)]
    (tmp_path / "large.json").write_text(json.dumps(plain))

    sources, refused = in_folder(tmp_path, without=tmp_path / "site")

    assert sources == []
    assert "are too many to draw" in refused[0]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GenotypeError, match=r"nowhere: no such folder$"):
        in_folder(tmp_path / "nowhere", without=tmp_path)


def test_documents_of_one_architecture_are_one_exhibit() -> None:
    found = exhibits(
        [
            Source(small(name="b"), ""),
            Source(small(name="a"), "family"),
            Source(small(name="b"), ""),
        ]
    )

    (alike,) = found
    assert (alike.genotype.name, alike.other_names, alike.files) == ("b", ("a",), 3)
    assert alike.family == "family"


def test_exhibits_are_in_the_order_of_their_names_and_numbers_count_as_numbers() -> None:
    frame = document()["architecture"]
    sources = [
        Source(small(name=name, architecture=frame | {"out_channels": classes}), "")
        for name, classes in (("Net-10", 3), ("net-9", 4), ("alpha", 5), ("net", 6))
    ]

    assert [each.genotype.name for each in exhibits(sources)] == ["alpha", "net", "net-9", "Net-10"]


def test_a_task_is_the_name_of_the_data_when_it_is_text() -> None:
    tasks = []
    for name in ("Liver", 7, None):
        (exhibit,) = exhibits([Source(small(provenance={"data": {"name": name}}), "")])
        tasks.append(exhibit.task)

    assert tasks == ["Liver", "", ""]


def test_the_zoo_is_whole_and_each_counts_to_the_family_of_its_folder() -> None:
    found = {source.genotype.name: source.family for source in in_zoo()}

    assert found == {entry.name: entry.family for entry in zoo().values()}
