"""Splitting the cases of a data set."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uxnet_compiler.data.dataset import folds
from uxnet_compiler.errors import DataError


@settings(deadline=None)  # the first example imports scikit-learn
@given(st.sets(st.text(min_size=1, max_size=5), min_size=2, max_size=30), st.integers(2, 6))
def test_folds_hold_out_each_case_once(names: set[str], k: int) -> None:
    if k > len(names):
        with pytest.raises(DataError, match=rf"{k} folds of {len(names)} cases"):
            folds(list(names), k)
        return

    splits = folds(list(names), k)

    assert len(splits) == k
    assert sorted(name for _, held_out in splits for name in held_out) == sorted(names)
    for train, held_out in splits:
        assert sorted(train + held_out) == sorted(names)


def test_folds_do_not_depend_on_the_order_of_the_ids() -> None:
    names = [f"case_{i}" for i in range(20)]

    assert folds(names, 5) == folds(names[::-1], 5)


def test_folds_never_change() -> None:
    # sklearn's KFold(5, shuffle=True, random_state=12345), which nnU-Net uses, too
    held_out = [pair[1] for pair in folds([str(i) for i in range(10)], 5)]

    assert held_out == [["0", "7"], ["3", "9"], ["4", "6"], ["1", "8"], ["2", "5"]]
