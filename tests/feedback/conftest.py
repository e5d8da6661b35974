import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray):
        equal_nan = left.dtype.kind == "f"
        kind = left.dtype.kind == right.dtype.kind if left.dtype.kind == "U" else left.dtype == right.dtype
        return kind and np.array_equal(left, right, equal_nan=equal_nan)
    if dataclasses.is_dataclass(left):
        names = [item.name for item in dataclasses.fields(left)]
        return type(left) is type(right) and all(_same(getattr(left, name), getattr(right, name)) for name in names)
    if isinstance(left, Mapping):
        return left.keys() == right.keys() and all(_same(value, right[key]) for key, value in left.items())
    if isinstance(left, tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, float):
        return left == right or (np.isnan(left) and np.isnan(right))
    return bool(left == right)


@pytest.fixture(scope="session")
def same() -> Callable[[Any, Any], bool]:
    """Equal in every field, arrays with their dtypes, NaN equal to NaN."""
    return _same


@pytest.fixture
def store(tmp_path: Path) -> FeedbackStore:
    return FeedbackStore.open(tmp_path / "feedback")


@pytest.fixture(scope="session")
def small() -> Callable[..., Record]:
    """A small record with some fields set otherwise."""

    def make(seed: int = 0, **changes: Any) -> Record:
        return dataclasses.replace(Record.example(seed, (24, 32)), **changes)

    return make
