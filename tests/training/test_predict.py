# mypy: disallow-untyped-calls=False
# SimpleITK has no type annotations.

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
import torch

from uxnet_compiler.backends.openvino import OpenVinoTarget
from uxnet_compiler.data.headers import read_header
from uxnet_compiler.data.images import read_image, read_label
from uxnet_compiler.errors import BackendError, DataError, RunError
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.runtimes import Wanted, on_torch
from uxnet_compiler.runtimes.written import with_onnx, with_openvino
from uxnet_compiler.training import footprint
from uxnet_compiler.training.footprint import gib
from uxnet_compiler.training.inference import Segmenter
from uxnet_compiler.training.predict import predict, prepare, segment
from uxnet_compiler.training.trained import TrainedRun


class Notes(Observer):
    """Keep every line that was worth knowing."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def oblique(path: Path) -> Path:
    """Write an image with a turned grid, another spacing and an odd size."""
    random = np.random.default_rng(0)
    picture = sitk.GetImageFromArray(random.normal(size=(17, 21, 19)).astype(np.float32))
    picture.SetSpacing((1.1, 0.9, 1.7))
    picture.SetOrigin((-30.5, 12.25, 7.0))
    c, s = np.cos(0.3), np.sin(0.3)
    picture.SetDirection((c, -s, 0, s, c, 0, 0, 0, 1))
    sitk.WriteImage(picture, str(path))
    return path


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".mha", ".nrrd"])
def test_a_label_map_lies_exactly_on_the_grid_of_its_image(
    run: Path, tmp_path: Path, suffix: str
) -> None:
    image = oblique(tmp_path / f"patient{suffix}")

    (written,) = predict(run, [image], tmp_path / "out")

    assert written == tmp_path / "out" / "patient.nii.gz"
    before, after = sitk.ReadImage(str(image)), sitk.ReadImage(str(written))
    assert after.GetSize() == before.GetSize()
    # NIfTI keeps its geometry in single precision
    for name in ("GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(after, name)() == pytest.approx(getattr(before, name)(), abs=1e-5)
    assert set(np.unique(sitk.GetArrayFromImage(after))) <= set(range(5))


def test_what_is_written_is_what_the_network_says(run: Path, tmp_path: Path) -> None:
    image = oblique(tmp_path / "a.nii.gz")
    trained = TrainedRun.open(run)

    (written,) = predict(run, [image], tmp_path / "out", device="cpu")

    segmenter, _ = prepare(trained, "torch", "cpu", tta=False, observer=Observer())
    expected = segment(segmenter, read_image(image), trained)
    assert np.array_equal(read_label(written, read_image(image)), expected)


def test_a_dicom_folder_is_an_image(run: Path, tmp_path: Path, shared_data: Path) -> None:
    series = next(
        path.parent for path in sorted((shared_data / "dicom_hippocampus").rglob("*.dcm"))
    )

    (written,) = predict(run, [series], tmp_path)

    assert written.name == f"{series.name}.nii.gz"
    read_label(written, read_image(series), 5)  # refuses another grid and other values


def test_two_images_of_one_name_are_refused_before_any_work(run: Path, tmp_path: Path) -> None:
    first = oblique(tmp_path / "a.nii.gz")
    second = oblique(tmp_path / "a.mha")

    with pytest.raises(DataError, match=r"a\.mha: would be written to the same file"):
        predict(run, [first, second], tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_an_input_is_never_replaced(run: Path, tmp_path: Path) -> None:
    image = oblique(tmp_path / "a.nii.gz")
    before = image.read_bytes()

    with pytest.raises(DataError, match="would replace an input"):
        predict(run, [image], tmp_path)

    assert image.read_bytes() == before


def test_one_bad_image_stops_the_call_before_any_is_segmented(run: Path, tmp_path: Path) -> None:
    good = oblique(tmp_path / "good.nii.gz")
    bad = tmp_path / "bad.nii.gz"
    bad.write_bytes(good.read_bytes()[:500])

    with pytest.raises(DataError, match=r"bad\.nii\.gz") as caught:
        predict(run, [good, bad], tmp_path / "out")

    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_an_image_with_other_channels_or_axes_is_refused(run: Path, tmp_path: Path) -> None:
    four = sitk.GetImageFromArray(np.zeros((2, 8, 8, 8), dtype=np.float32), isVector=False)
    sitk.WriteImage(four, str(tmp_path / "two.nii.gz"))
    flat = sitk.GetImageFromArray(np.zeros((16, 16), dtype=np.float32))
    sitk.WriteImage(flat, str(tmp_path / "flat.mha"))

    with pytest.raises(DataError, match=r"two\.nii\.gz: 2 channels; the network needs 1 \(T1\)"):
        predict(run, [tmp_path / "two.nii.gz"], tmp_path / "out")
    with pytest.raises(DataError, match=r"flat\.mha: 2-D; the network needs 3-D"):
        predict(run, [tmp_path / "flat.mha"], tmp_path / "out")


def test_a_run_without_weights_is_refused(run: Path, tmp_path: Path) -> None:
    (run / "weights.safetensors").unlink()

    with pytest.raises(RunError, match=r"no weights\.safetensors"):
        predict(run, [oblique(tmp_path / "a.nii.gz")], tmp_path / "out")


def test_a_moved_run_still_works(run: Path, tmp_path: Path) -> None:
    moved = Path(shutil.move(run, tmp_path / "elsewhere"))

    assert predict(moved, [oblique(tmp_path / "a.nii.gz")], tmp_path / "out")[0].is_file()


def organ(phantom_set: Path) -> Path:
    return phantom_set / "imagesTr" / "phantom_000.nii.gz"


def test_all_runtimes_segment_alike(run: Path, phantom_set: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("openvino")
    trained, image = TrainedRun.open(run), read_image(organ(phantom_set))
    network = trained.network()
    exact = on_torch(network.module, 3, torch.device("cpu"), Precision("float32", False, "test"))
    reference = segment(Segmenter(exact, trained.plan), image, trained)

    for runtime in (with_onnx(network), with_openvino(network, "float32")):
        labels = segment(Segmenter(runtime, trained.plan), image, trained)

        assert np.mean(labels == reference) >= 0.999, runtime


@pytest.mark.parametrize("runtime", ["onnx", "openvino", "auto"])
def test_a_runtime_can_be_chosen_and_says_itself(
    runtime: Wanted, run: Path, phantom_set: Path, tmp_path: Path
) -> None:
    if runtime != "auto":
        pytest.importorskip("onnxruntime" if runtime == "onnx" else "openvino")
    observer = Notes()

    (written,) = predict(run, [organ(phantom_set)], tmp_path, runtime=runtime, observer=observer)

    read_label(written, read_image(organ(phantom_set)), 5)
    (line,) = [text for text in observer.notes if text.startswith("runtime ")]
    assert runtime == "auto" or line.startswith(f"runtime {runtime} ")


def test_a_missing_package_is_one_line_before_anything_is_written(
    run: Path, phantom_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenVinoTarget, "packages", ("not_a_package",))

    with pytest.raises(BackendError, match=r"not_a_package missing; to get it: pip install"):
        predict(run, [organ(phantom_set)], tmp_path / "out", runtime="openvino")

    assert not (tmp_path / "out").exists()


def test_little_memory_gives_the_same_label_map(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = tmp_path / "a.nii.gz"
    voxels = np.random.default_rng(0).normal(size=(80, 41, 40)).astype(np.float32)
    sitk.WriteImage(sitk.GetImageFromArray(voxels), str(image))
    (plenty,) = predict(run, [image], tmp_path / "plenty", device="cpu")
    # The program's own memory grows and shrinks; here it must not.
    monkeypatch.setattr(footprint, "resident_bytes", lambda: 0)
    needed = TrainedRun.open(run).footprint(read_header(image))
    observer = Notes()

    (little,) = predict(
        run,
        [image],
        tmp_path / "little",
        device="cpu",
        memory_gib=needed.on_disk / 2**30,
        observer=observer,
    )

    assert needed.on_disk < needed.in_memory
    (line,) = observer.notes
    disk = f"and {gib(needed.file_bytes)} of disk for a while"
    assert line == f"{image}: at most {gib(needed.on_disk)} of memory, {disk}"
    assert little.read_bytes() == plenty.read_bytes()
    assert list((tmp_path / "little").iterdir()) == [little]


def test_an_image_that_takes_too_much_is_refused_before_it_is_read(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = oblique(tmp_path / "a.nii.gz")
    monkeypatch.delattr("uxnet_compiler.training.predict.read_image")

    with pytest.raises(RunError, match=r"a\.nii\.gz: to segment it takes .* allows 0\.01 GiB"):
        predict(run, [image], tmp_path / "out", memory_gib=0.01)

    assert not (tmp_path / "out").exists()


def test_a_huge_header_is_refused_at_once(run: Path, tmp_path: Path) -> None:
    header = (
        "ObjectType = Image\nNDims = 3\nDimSize = 30000 30000 30000\n"
        "ElementType = MET_FLOAT\nElementDataFile = LOCAL\n"
    )
    (tmp_path / "huge.mha").write_text(header, encoding="ascii")

    with pytest.raises(RunError, match=r"huge\.mha: to segment it takes .* this machine has"):
        predict(run, [tmp_path / "huge.mha"], tmp_path / "out")
