from __future__ import annotations

import warnings

import pytest
import torch

from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.repeatable import repeatable


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the environment back after each test."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")


def test_kernels_of_a_gpu_add_in_a_fixed_order_as_long_as_a_job_lasts() -> None:
    before = torch.get_deterministic_debug_mode()

    def failing_job() -> None:
        with repeatable(torch.device("cuda", 0)):
            assert torch.are_deterministic_algorithms_enabled()
            assert torch.is_deterministic_algorithms_warn_only_enabled()
            raise RunError("a job failed")

    with pytest.raises(RunError):
        failing_job()
    assert torch.get_deterministic_debug_mode() == before


def test_a_warning_about_another_kernel_is_heard() -> None:
    text = "{} does not have a deterministic implementation"

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with repeatable(torch.device("cuda", 0)):
            warnings.warn(text.format("avg_pool3d_backward_cuda"), UserWarning, stacklevel=1)
            warnings.warn(text.format("upsample_trilinear3d_backward"), UserWarning, stacklevel=1)

    assert [str(each.message).split()[0] for each in heard] == ["upsample_trilinear3d_backward"]


def test_nothing_changes_on_the_cpu() -> None:
    before = torch.get_deterministic_debug_mode()

    with repeatable(torch.device("cpu")):
        assert torch.get_deterministic_debug_mode() == before
