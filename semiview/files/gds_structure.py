"""Whether the bytes of a GDSII file are records in the order that the format allows.

The parser trusts lengths and counts: a damaged file can end the process. What passes here it can read.
"""

import struct
from dataclasses import dataclass

_HEADER, _BGNLIB, _LIBNAME, _UNITS, _ENDLIB, _BGNSTR, _STRNAME, _ENDSTR = 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07
_BOUNDARY, _PATH, _SREF, _AREF, _TEXT, _LAYER, _DATATYPE, _XY, _ENDEL = (
    0x08,
    0x09,
    0x0A,
    0x0B,
    0x0C,
    0x0D,
    0x0E,
    0x10,
    0x11,
)
_SNAME, _COLROW, _NODE, _TEXTTYPE, _STRING, _NODETYPE, _BOX, _BOXTYPE = 0x12, 0x13, 0x15, 0x16, 0x19, 0x2A, 0x2D, 0x2E
_LAST_TYPE = 0x3B

# Type of value (0 none, 1 bits, 2 int16, 3 int32, 5 real8, 6 text) and bytes, where the format fixes them.
_SHAPES = {
    _HEADER: (2, 2), _BGNLIB: (2, None), _LIBNAME: (6, None), _UNITS: (5, 16), _ENDLIB: (0, 0), _BGNSTR: (2, None),
    _STRNAME: (6, None), _ENDSTR: (0, 0), _BOUNDARY: (0, 0), _PATH: (0, 0), _SREF: (0, 0), _AREF: (0, 0), _TEXT: (0, 0),
    _LAYER: (2, 2), _DATATYPE: (2, 2), 0x0F: (3, 4), _XY: (3, None), _ENDEL: (0, 0), _SNAME: (6, None),
    _COLROW: (2, 4), _NODE: (0, 0), _TEXTTYPE: (2, 2), 0x17: (1, 2), _STRING: (6, None), 0x1A: (1, 2), 0x1B: (5, 8),
    0x1C: (5, 8), 0x21: (2, 2), _NODETYPE: (2, 2), 0x2B: (2, 2), 0x2C: (6, None), _BOX: (0, 0), _BOXTYPE: (2, 2),
    0x30: (3, 4), 0x31: (3, 4),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Element:
    """What an element must hold, and how many points (fewest, most)."""

    needs: frozenset[int]
    points: tuple[int, int]


_MANY = 2**31
_ELEMENTS = {
    _BOUNDARY: _Element(frozenset({_LAYER, _DATATYPE, _XY}), (3, _MANY)),
    _PATH: _Element(frozenset({_LAYER, _DATATYPE, _XY}), (1, _MANY)),
    _SREF: _Element(frozenset({_SNAME, _XY}), (1, 1)),
    _AREF: _Element(frozenset({_SNAME, _COLROW, _XY}), (3, 3)),
    _TEXT: _Element(frozenset({_LAYER, _TEXTTYPE, _STRING, _XY}), (1, 1)),
    _NODE: _Element(frozenset({_LAYER, _NODETYPE, _XY}), (1, _MANY)),
    _BOX: _Element(frozenset({_LAYER, _BOXTYPE, _XY}), (3, _MANY)),
}


def check_gds(data: bytes | memoryview) -> None:
    """Walk through all records.

    Raises
    ------
    ValueError
        Where the structure is broken, with the place in bytes.
    """
    place, end, unpack = 0, len(data), struct.Struct(">HBB").unpack_from
    cell_open, named, element = False, False, None
    seen: set[int] = set()
    points, units, first = 0, False, True
    while True:
        if end - place < 4:
            raise ValueError(f"it is cut short at byte {place}")
        length, kind, type_of_value = unpack(data, place)
        if length < 4 or length % 2 or place + length > end:
            raise ValueError(f"a record at byte {place} says it is {length} bytes long")
        shape = _SHAPES.get(kind)
        if kind > _LAST_TYPE or (shape and (type_of_value != shape[0] or shape[1] not in (None, length - 4))):
            raise ValueError(f"a record at byte {place} is not as the format has it")
        if first and kind != _HEADER:
            raise ValueError("it does not begin like a GDSII file")
        first = False
        if element is not None:
            if kind == _ENDEL:
                wanted = _ELEMENTS[element]
                if not wanted.needs <= seen or not wanted.points[0] <= points <= wanted.points[1]:
                    raise ValueError(f"the shape that ends at byte {place} is incomplete")
                element = None
            elif kind in _ELEMENTS or kind in (_BGNSTR, _ENDSTR, _ENDLIB, _BGNLIB, _UNITS, _STRNAME):
                raise ValueError(f"the shape before byte {place} does not end")
            else:
                seen.add(kind)
                if kind == _XY:
                    points = (length - 4) // 8
                    if (length - 4) % 8:
                        raise ValueError(f"the points at byte {place} are incomplete")
                elif kind == _COLROW and min(struct.unpack_from(">hh", data, place + 4)) < 1:
                    raise ValueError(f"the array at byte {place} has no columns or rows")
                elif kind == _SNAME and length == 4:
                    raise ValueError(f"the reference at byte {place} names no cell")
        elif kind in _ELEMENTS:
            if not (cell_open and named):
                raise ValueError(f"the shape at byte {place} lies in no cell")
            element, points = kind, 0
            seen.clear()
        elif kind == _BGNSTR:
            if cell_open or not units:
                raise ValueError(f"the cell at byte {place} begins in the wrong place")
            cell_open, named = True, False
        elif kind == _STRNAME:
            if not cell_open or named or length == 4:
                raise ValueError(f"the name at byte {place} belongs to no cell")
            named = True
        elif kind == _ENDSTR:
            if not (cell_open and named):
                raise ValueError(f"a cell ends at byte {place} that never began")
            cell_open = False
        elif kind == _UNITS:
            if not all(0 < _real(data, place + start) < 1e3 for start in (4, 12)):
                raise ValueError("its units make no sense")
            units = True
        elif kind == _ENDLIB:
            if cell_open or not units:
                raise ValueError(f"it ends in the middle, at byte {place}")
            return
        elif kind in (_XY, _ENDEL, _SNAME, _COLROW):
            raise ValueError(f"a record at byte {place} belongs to no shape")
        place += length


def _real(data: bytes | memoryview, place: int) -> float:
    """An eight-byte real: sign, exponent of 16 in excess of 64, fraction of 56 bits."""
    first, fraction = data[place], int.from_bytes(data[place + 1 : place + 8], "big")
    value = fraction / 2.0**56 * 16.0 ** ((first & 0x7F) - 64)
    return -value if first & 0x80 else value
