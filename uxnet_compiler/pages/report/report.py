"""Write a report: one page on a genotype, a run, an evaluation or predictions, or on several."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from uxnet_compiler.costs.count import common_size
from uxnet_compiler.errors import DataError, GraphError, RunError
from uxnet_compiler.files import write_text
from uxnet_compiler.pages.report.architecture import Pairs, architecture_of
from uxnet_compiler.pages.report.believed import belief_of
from uxnet_compiler.pages.report.chapter import Chapter, heads_of, labels_of, row_of
from uxnet_compiler.pages.report.charts import Chart
from uxnet_compiler.pages.report.course import (
    dice_together,
    search_charts,
    training_charts,
)
from uxnet_compiler.pages.report.reel import reel_of
from uxnet_compiler.pages.report.scored import predicted_scores, scores_of
from uxnet_compiler.pages.report.subject import Subject, open_subjects
from uxnet_compiler.pages.web import make_page
from uxnet_compiler.pictures.film import Film, read_film
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import Genotype
from uxnet_compiler.wording import one_line

PACKAGE = "uxnet_compiler.pages.report"
STYLES, SCRIPTS = ("report.css",), ("charts.js", "reel.js", "overlays.js")
KINDS = {
    "genotype": "Genotype",
    "search": "Search",
    "training": "Training",
    "evaluation": "Evaluation",
    "predictions": "Predictions",
}
MOST = 20  # subjects of a comparison


def write_report(
    arguments: tuple[str, ...],
    out: Path,
    *,
    data: Path | None = None,
    names: bool = False,
    size: tuple[int, ...] | None = None,
    observer: Observer | None = None,
) -> None:
    """Write a report as one page that loads nothing.

    Args:
        arguments: Files, `zoo:NAME`, or folders of runs, evaluations and predictions; several
            are compared.
        out: The page.
        data: Data set that was trained on, to look at cases; needed for predictions.
        names: Call cases by their names, which may be private, not by numbers.
        size: Of the image that costs are for; one that fits all when not given.
        observer: Hears how far it is.

    Raises:
        RunError: A folder cannot be reported, or `data` says nothing to any of the subjects.
        GenotypeError: A genotype is not sound.
        UnknownNameError: The zoo has no such genotype.
        GraphError: The size does not fit.
        DataError: The data set cannot be used.
    """
    observer = observer or Observer()
    if len(arguments) > MOST:
        raise RunError(f"{len(arguments)} are too many for one report; the limit is {MOST}")
    subjects = open_subjects(arguments)
    _check_data(subjects, data)
    size = _common_size(subjects, size)
    observer.phase("drawing")
    chapters = []
    for at, subject in enumerate(subjects):
        found = _chapter(subject, f"a{at}", size)
        if data is not None:
            found = _with_cases(found, data, names=names, observer=observer)
        elif subject.evaluation is not None:
            found = replace(found, scores=scores_of(subject.evaluation, names=names))
        chapters.append(found)
        observer.tick((at + 1) / len(subjects))
    if len(chapters) == 1:
        page = make_page(
            PACKAGE, "single.html", styles=STYLES, scripts=SCRIPTS, chapter=chapters[0]
        )
    else:
        page = make_page(
            PACKAGE,
            "several.html",
            styles=STYLES,
            scripts=SCRIPTS,
            chapters=chapters,
            charts=dice_together(subjects),
            heads=heads_of(chapters),
            rows=[row_of(chapter, labels_of(chapters)) for chapter in chapters],
        )
    write_text(out, page)


def _check_data(subjects: list[Subject], data: Path | None) -> None:
    for subject in subjects:
        if subject.kind == "predictions" and data is None:
            raise RunError(
                f"{subject.folder}: label maps alone say nothing; --data names the data set with"
                " their images and references"
            )
    if data is not None and not any(
        each.evaluation is not None or each.kind == "predictions" for each in subjects
    ):
        raise RunError(
            f"--data {data}: no cases to look at; `uxnet evaluate` or `uxnet predict` come first"
        )


def _common_size(subjects: list[Subject], size: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """Return one size of image for all, where there is one; else each keeps its own."""
    genotypes = [each.genotype for each in subjects if each.genotype is not None]
    if size is not None or len(genotypes) < 2:
        return size
    try:
        return common_size(genotypes)
    except GraphError:
        return None  # networks of 2-D and of 3-D images: the table says which


def _chapter(subject: Subject, name: str, size: tuple[int, ...] | None) -> Chapter:
    genotype = subject.genotype
    film = _film(subject, genotype)
    charts: list[Chart] = []
    if subject.kind == "search":
        charts = search_charts(subject.diary, film)
    elif subject.kind == "training":
        charts = training_charts(subject.diary)
    return Chapter(
        subject=subject,
        kind=KINDS[subject.kind],
        label=one_line(subject.label),
        architecture=None
        if genotype is None
        else architecture_of(genotype, name, size, subject.trust),
        charts=charts,
        reel=None if film is None else reel_of(film, f"{name}-film"),
        belief=None if subject.trust is None else belief_of(subject.trust),
        scores=None,
        overlays=[],
        config=_config(subject.folder) if subject.kind in {"search", "training"} else [],
    )


def _film(subject: Subject, genotype: Genotype | None) -> Film | None:
    """Read the film of a search; strategies without gates have none."""
    told = any(event["kind"] == "gates" for event in subject.diary)
    if subject.kind != "search" or genotype is None or subject.folder is None or not told:
        return None
    return read_film(subject.folder)


def _with_cases(chapter: Chapter, data: Path, *, names: bool, observer: Observer) -> Chapter:
    from uxnet_compiler.pages.report.predictions import predicted_cases, segmented_cases

    subject = chapter.subject
    assert subject.folder is not None or subject.evaluation is None
    if subject.kind == "predictions" and subject.folder is not None:
        dice, overlays = predicted_cases(subject.folder, data, names=names, observer=observer)
        return replace(chapter, scores=predicted_scores(dice, names=names), overlays=overlays)
    if subject.evaluation is None or subject.folder is None:
        return chapter
    run = subject.folder if subject.kind == "training" else subject.folder.resolve().parent
    if not (run / "weights.safetensors").is_file():
        raise DataError(
            f"{subject.folder}: no trained network beside these scores to look at cases with;"
            " without --data the scores are reported alone"
        )
    overlays = segmented_cases(run, subject.evaluation, data, names=names, observer=observer)
    scores = scores_of(subject.evaluation, names=names)
    return replace(chapter, scores=scores, overlays=overlays)


def _config(folder: Path | None) -> Pairs:
    """Return how a run was configured, in the words of its own file."""
    if folder is None:
        return []
    try:
        told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError:
        raise RunError(f"{folder / 'config.json'}: is not JSON") from None
    if not isinstance(told, dict):
        raise RunError(f"{folder / 'config.json'}: is no configuration")
    return [
        (str(key), value if isinstance(value, str) else json.dumps(value))
        for key, value in sorted(told.items())
        if value is not None
    ]
