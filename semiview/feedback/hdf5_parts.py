"""Values of the trade as HDF5 groups, and back. Every file is made and read in memory.

HDF5 never writes to the disk here: a full disk in its flush ends the process, and it never syncs.
"""

import hashlib
import io
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import lru_cache
from itertools import count, pairwise
from typing import Any, cast

import h5py
import numpy as np
import numpy.typing as npt

from semiview.core.gauge import Gauge
from semiview.core.outline import Points, as_outline
from semiview.core.registration import (
    PARAMETERS,
    Frame,
    Registration,
    RegistrationClass,
    Transform,
    Trust,
    Verdict,
)

TEXT = h5py.string_dtype("utf-8")

_SMALL_BYTES = 4096  # below: one block, no filters; the file's own hash guards it
_CHUNK_BYTES = 2**20
_ATTRIBUTES_IN_HEADER = (64, 0)  # HDF5 would move more than eight to a tree of their own
_SUSPICIOUS_BYTES, _LARGEST_BYTES = 2**26, 2**32
_LARGEST_RATIO = 1100  # deflate shrinks by 1032 at most
_image_numbers = count()
_TRUST_NUMBERS = ("residual_nm", "sigma_x_nm", "sigma_y_nm", "peak_ratio", "free_axis_deg")
_TRUST_TEXTS = ("verdict", "registration_class")

# Property lists and types that every record uses: making one takes as long as using it. A text is a Python object in
# memory and a string of variable length in a file; to mistake one for the other crashes.
_TEXT_IN_FILE = h5py.h5t.py_create(TEXT, logical=True)
_TEXT_IN_MEMORY = h5py.h5t.py_create(TEXT)
_SCALAR = h5py.h5s.create(h5py.h5s.SCALAR)
_CONTIGUOUS = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
_CONTIGUOUS.set_obj_track_times(False)


def new_image(fill: Callable[[h5py.File], object], user_block_bytes: int = 0) -> bytes:
    """An HDF5 file written into memory by `fill`, of the format version that every HDF5 since 1.10 reads.

    It is to stand behind a user block of this size, which is not part of it: readers before HDF5 2.0 refuse a file
    that does not expect to stand where it stands.
    """
    # Not HDF5's own image of a file in memory: before HDF5 2.0 that one's first checksum is wrong.
    memory = io.BytesIO()
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fileobj_driver(h5py.h5fd.fileobj_driver, memory)
    access.set_libver_bounds(h5py.h5f.LIBVER_V18, h5py.h5f.LIBVER_V110)
    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    creation.set_userblock(user_block_bytes)
    creation.set_attr_phase_change(*_ATTRIBUTES_IN_HEADER)
    creation.set_obj_track_times(False)  # equal values make equal bytes
    with h5py.File(h5py.h5f.create(_new_name().encode(), h5py.h5f.ACC_TRUNC, creation, access)) as file:
        fill(file)
    return memory.getvalue()[user_block_bytes:]


@contextmanager
def opened_image(data: bytes) -> Iterator[h5py.File]:
    """An HDF5 file from its bytes, user block included.

    Raises
    ------
    OSError
        If they are no HDF5 file.
    ValueError
        If something in it leads to another place.
    """
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fapl_core(backing_store=False)
    access.set_file_image(data)
    with h5py.File(h5py.h5f.open(_new_name().encode(), h5py.h5f.ACC_RDONLY, fapl=access)) as file:
        check_links(file)
        yield file


def check_links(group: h5py.Group) -> frozenset[str]:
    """Refuse what lies elsewhere: a record holds its own values and leads to no other file or place.

    Returns
    -------
    Paths of all groups and datasets below.

    Raises
    ------
    ValueError
        If there is a soft or external link.
    """

    names = set()

    def elsewhere(name: bytes, link: h5py.h5l.LinkInfo) -> bytes | None:
        names.add(name.decode(errors="replace"))
        return None if link.type == h5py.h5l.TYPE_HARD else name

    found = group.id.links.visit(elsewhere, info=True)
    if found is not None:
        raise ValueError(f"{found.decode(errors='replace')} leads elsewhere")
    return frozenset(names)


def chunk_places(file: h5py.File) -> list[tuple[int, int]]:
    """First byte, counted behind the user block, and number of bytes of every chunk of a file's datasets."""
    places: list[tuple[int, int]] = []

    def note_chunks(name: bytes) -> None:
        found = h5py.h5o.open(file.id, name)
        if isinstance(found, h5py.h5d.DatasetID) and found.get_create_plist().get_layout() == h5py.h5d.CHUNKED:
            chunks = [found.get_chunk_info(number) for number in range(found.get_num_chunks())]
            places.extend((chunk.byte_offset - file.userblock_size, chunk.size) for chunk in chunks)

    h5py.h5o.visit(file.id, note_chunks)
    return places


def skeleton_sha256(image: bytes, chunks: Iterable[tuple[int, int]]) -> str:
    """SHA-256 of a file without the chunks of its datasets: of all else, the SHA-256 of each dataset's values too.

    It stands for the whole file and takes no second look at the pictures in it.

    Parameters
    ----------
    image
        The file's bytes without its user block.
    chunks
        As `chunk_places` tells.
    """
    digest, begin = hashlib.sha256(), 0
    for place, size in sorted(chunks):
        digest.update(image[begin:place])
        begin = place + size
    digest.update(image[begin:])
    return digest.hexdigest()


def new_group(parent: h5py.Group, path: str) -> h5py.Group:
    """A group with room for its attributes in its header: a third of the time of HDF5's own way with many."""
    creation, links = h5py.h5p.create(h5py.h5p.GROUP_CREATE), h5py.h5p.create(h5py.h5p.LINK_CREATE)
    creation.set_attr_phase_change(*_ATTRIBUTES_IN_HEADER)
    creation.set_obj_track_times(False)
    links.set_create_intermediate_group(True)
    links.set_char_encoding(h5py.h5t.CSET_UTF8)
    return h5py.Group(h5py.h5g.create(parent.id, path.encode(), links, creation))


def put_texts(group: h5py.Group, texts: Mapping[str, str]) -> None:
    """Write text attributes with plain names, as `group.attrs` would but several times as fast."""
    for name, text in texts.items():
        _put_attribute(group.id, name, _as_text(text))


def put_words(group: h5py.Group, name: str, words: Sequence[str]) -> None:
    """Write several texts as one attribute."""
    value = np.empty(len(words), dtype=object)
    value[:] = words
    _put_attribute(group.id, name, value)


def put_numbers(group: h5py.Group, numbers: Mapping[str, float]) -> None:
    """Write scalar attributes with plain names: int64, float64 or bool."""
    for name, number in numbers.items():
        _put_attribute(group.id, name, np.asarray(number))


def get_texts(group: h5py.Group, names: Iterable[str]) -> dict[str, str]:
    """Text attributes, several times as fast as from `group.attrs`; raises as `get_numbers`."""
    found = {}
    for name in names:
        value = np.empty((), dtype=object)
        h5py.h5a.open(group.id, name.encode()).read(value, _TEXT_IN_MEMORY)
        found[name] = cast(bytes, value.item()).decode()
    return found


def get_numbers(group: h5py.Group, names: Iterable[str], dtype: npt.DTypeLike = np.float64) -> dict[str, Any]:
    """Scalar attributes as Python numbers.

    Raises
    ------
    KeyError
        If there is none of that name.
    OSError, TypeError, ValueError
        If it is something else.
    """
    kind, found = h5py.h5t.py_create(np.dtype(dtype)), {}
    for name in names:
        value = np.empty((), dtype)
        h5py.h5a.open(group.id, name.encode()).read(value, kind)
        found[name] = value.item()
    return found


def put_array(group: h5py.Group, name: str, array: npt.NDArray[Any]) -> str:
    """Write an array with its SHA-256 beside it and a checksum per chunk; returns the SHA-256.

    Compressed where a sample of it says that this pays: SEM noise shrinks by a fifth at best and would take most of
    the time of a save, masks shrink thirtyfold.
    """
    creation, values = _CONTIGUOUS, array
    if array.dtype.kind == "U":
        values = array.astype(TEXT)
    elif array.nbytes >= _SMALL_BYTES:
        creation = _CONTIGUOUS.copy()
        row_bytes = max(array.nbytes // len(array), 1)
        creation.set_chunk((min(max(_CHUNK_BYTES // row_bytes, 1), len(array)), *array.shape[1:]))
        if _shrinks(array):
            creation.set_shuffle()
            creation.set_deflate(1)
        creation.set_fletcher32()
    in_file, in_memory = _types(values.dtype)
    dataset = h5py.h5d.create(group.id, name.encode(), in_file, h5py.h5s.create_simple(array.shape), creation)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(values), in_memory)
    sha256 = sha256_of(array)
    _put_attribute(dataset, "sha256", _as_text(sha256))
    return sha256


def sha256_of(array: npt.NDArray[Any]) -> str:
    """SHA-256 of the values, rows first, little-endian; text as UTF-8 with a zero byte behind each."""
    if array.dtype.kind == "U":
        return hashlib.sha256("".join(f"{word}\0" for word in array.ravel().tolist()).encode()).hexdigest()
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return hashlib.sha256(plain.reshape(-1).view(np.uint8).data).hexdigest()


def get_array(group: h5py.Group, name: str) -> npt.NDArray[Any]:
    """An array as it was written.

    Raises
    ------
    KeyError
        If there is none of that name.
    ValueError
        If its values lie in another file, or it would fill far more memory than it takes in the file.
    """
    dataset = h5py.h5d.open(group.id, name.encode())
    dtype = dataset.dtype
    creation = dataset.get_create_plist()
    if creation.get_layout() == h5py.h5d.VIRTUAL or creation.get_external_count():
        raise ValueError(f"the values of {name} lie in another file")
    size = math.prod(dataset.shape) * dtype.itemsize
    if size > _SUSPICIOUS_BYTES and size > min(_LARGEST_BYTES, _LARGEST_RATIO * dataset.get_storage_size()):
        raise ValueError(f"{name} claims a shape of {dataset.shape}")
    if h5py.check_string_dtype(dtype) is not None:
        words = np.empty(dataset.shape, object)
        dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, words, _TEXT_IN_MEMORY)
        return np.array([word.decode() for word in words.ravel()], dtype=np.str_).reshape(words.shape)
    array = np.empty(dataset.shape, dtype)
    dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, array, h5py.h5t.py_create(dtype))
    return array


def put_outlines(group: h5py.Group, name: str, outlines: Sequence[Points]) -> None:
    """Write outlines as one (N, 2) dataset and the (M + 1) rows at which each begins and the last ends."""
    points = np.concatenate(outlines) if outlines else np.empty((0, 2))
    starts = np.cumsum([0, *(len(outline) for outline in outlines)], dtype=np.int64)
    put_array(group, name, points)
    put_array(group, f"{name}_starts", starts)


def get_outlines(group: h5py.Group, name: str) -> tuple[Points, ...]:
    """Outlines as they were written, read-only."""
    points, starts = get_array(group, name), get_array(group, f"{name}_starts")
    return tuple(as_outline(points[begin:end]) for begin, end in pairwise(starts))


def put_registration(group: h5py.Group, registration: Registration) -> None:
    """Write parameters, their frame, the 3x3 matrix (for other readers) and what the alignment said."""
    frame, trust = registration.frame, registration.trust
    group.attrs["centre_px"] = np.array(frame.centre_px)
    group.attrs["centre_nm"] = np.array(frame.centre_nm)
    numbers = {"nm_per_px": frame.nm_per_px, "mirrored": frame.mirrored}
    numbers |= {name: getattr(registration, name) for name in PARAMETERS}
    put_numbers(group, numbers | {name: getattr(trust, name) for name in _TRUST_NUMBERS})
    texts = {"transform": registration.transform, "method": registration.method}
    put_texts(group, texts | {name: getattr(trust, name) or "" for name in _TRUST_TEXTS})
    put_array(group, "matrix", registration.matrix())
    put_array(group, "alternatives", np.array(trust.alternatives, dtype=np.float64).reshape(-1, 2))
    put_array(group, "grounds", np.array(trust.grounds, dtype=np.str_))
    if trust.covariance is not None:
        put_array(group, "covariance", np.asarray(trust.covariance, dtype=np.float64))


def get_registration(group: h5py.Group) -> Registration:
    """A registration as it was written."""
    said = get_numbers(group, ("nm_per_px", *PARAMETERS, *_TRUST_NUMBERS))
    texts = get_texts(group, ("transform", "method", *_TRUST_TEXTS))
    x_px, y_px = group.attrs["centre_px"]
    x_nm, y_nm = group.attrs["centre_nm"]
    mirrored = get_numbers(group, ("mirrored",), np.bool_)["mirrored"]
    frame = Frame((float(x_px), float(y_px)), (float(x_nm), float(y_nm)), said["nm_per_px"], mirrored)
    trust = Trust(
        verdict=cast(Verdict | None, texts["verdict"] or None),
        registration_class=cast(RegistrationClass | None, texts["registration_class"] or None),
        covariance=get_array(group, "covariance") if "covariance" in group else None,
        alternatives=tuple((float(x), float(y)) for x, y in get_array(group, "alternatives")),
        grounds=tuple(str(ground) for ground in get_array(group, "grounds")),
        **{name: said[name] for name in _TRUST_NUMBERS},
    )
    return Registration(
        frame,
        **{name: said[name] for name in PARAMETERS},
        transform=cast(Transform, texts["transform"]),
        method=texts["method"],
        trust=trust,
    )


def put_table(group: h5py.Group, columns: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write a table, one dataset a column, in the order of their names: what was read is written as it was."""
    for name, values in sorted(columns.items()):
        put_array(group, name, values)


def get_table(group: h5py.Group) -> dict[str, npt.NDArray[Any]]:
    """A table as it was written; the columns come in the order of their names."""
    return {name: get_array(group, name) for name in group}


def put_gauges(group: h5py.Group, gauges: Sequence[Gauge]) -> None:
    """Write gauges as a table with the fields of Gauge as columns."""
    for item in fields(Gauge):
        values = [getattr(gauge, item.name) for gauge in gauges]
        put_array(group, item.name, np.array(values, dtype=None if values else np.float64))


def get_gauges(group: h5py.Group) -> tuple[Gauge, ...]:
    """Gauges as they were written; what an older version did not write yet is at its default."""
    columns = {item.name: get_array(group, item.name).tolist() for item in fields(Gauge) if item.name in group}
    # One NaN for all: gauges are compared and hashed by their values, and two NaN differ.
    rows: list[list[Any]] = [
        [math.nan if value != value else value for value in row] for row in zip(*columns.values(), strict=True)
    ]
    return tuple(Gauge(**dict(zip(columns, row, strict=True))) for row in rows)


def _put_attribute(owner: h5py.h5g.GroupID, name: str, value: npt.NDArray[Any]) -> None:
    in_file, in_memory = _types(value.dtype)
    space = h5py.h5s.create_simple(value.shape) if value.ndim else _SCALAR
    h5py.h5a.create(owner, name.encode("ascii"), in_file, space).write(value, in_memory)


def _as_text(text: str) -> npt.NDArray[Any]:
    value = np.empty((), dtype=object)
    value[()] = text
    return value


@lru_cache(64)
def _types(dtype: np.dtype[Any]) -> tuple[h5py.h5t.TypeID, h5py.h5t.TypeID]:
    """How HDF5 calls such values in a file and in memory."""
    if dtype.kind == "O":
        return _TEXT_IN_FILE, _TEXT_IN_MEMORY
    return h5py.h5t.py_create(dtype, logical=True), h5py.h5t.py_create(dtype)


def _new_name() -> str:
    # HDF5 takes two files in memory of one name, in two threads, for the same file.
    return f"image {next(_image_numbers)}"


def _shrinks(array: npt.NDArray[Any]) -> bool:
    middle = array[len(array) // 2 :].reshape(-1)[:4096]
    # Shuffled as the filter does, or floats would look like noise.
    sample = np.ascontiguousarray(middle).view(np.uint8).reshape(-1, array.dtype.itemsize).T.tobytes()
    return len(zlib.compress(sample, 1)) < 0.7 * len(sample)
