"""Equality of small values in which NaN means "unknown" or "by default".

From Python 3.13 on dataclasses hold NaN unequal to itself; what is remembered by such a value would never be found.
"""

from typing import Any


def same_values(one: Any, other: Any) -> bool:
    """True if both are of one class and their fields are equal or the same objects."""
    if one.__class__ is not other.__class__:
        return False
    names: tuple[str, ...] = one.__slots__
    return tuple(getattr(one, name) for name in names) == tuple(getattr(other, name) for name in names)
