"""Values of the trade as HDF5 groups, and back. Every file is made and read in memory.

HDF5 never writes to the disk here: a full disk in its flush ends the process, and it never syncs.
"""

import hashlib
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from itertools import count, pairwise
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from semiview.core.gauge import Gauge
from semiview.core.outline import Points, as_outline
from semiview.core.registration import PARAMETERS, Frame, Registration, Trust

TEXT = h5py.string_dtype("utf-8")

_SMALL_BYTES = 4096  # below: one block, no filters; the file's own hash guards it
_CHUNK_BYTES = 2**20
_image_numbers = count()
_TRUST_NUMBERS = ("residual_nm", "sigma_x_nm", "sigma_y_nm", "peak_ratio", "free_axis_deg")


@contextmanager
def new_image(buffer: io.BytesIO, user_block_bytes: int = 0) -> Iterator[h5py.File]:
    """An HDF5 file written into memory, of the format version that every HDF5 since 1.10 reads.

    Its addresses count from the end of the user block, which is left free: readers before HDF5 2.0 refuse a file that
    was moved behind one afterwards. The buffer holds the file once the context is left.
    """
    with h5py.File(
        buffer,
        "w",
        libver=("v108", "v110"),
        track_order=False,
        userblock_size=user_block_bytes,
    ) as file:
        yield file


@contextmanager
def opened_image(data: bytes) -> Iterator[h5py.File]:
    """An HDF5 file from its bytes, user block included.

    Raises
    ------
    OSError
        If they are no HDF5 file.
    """
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fapl_core(backing_store=False)
    access.set_file_image(data)
    with h5py.File(h5py.h5f.open(_new_name().encode(), h5py.h5f.ACC_RDONLY, fapl=access)) as file:
        yield file


def put_texts(group: h5py.Group, texts: Mapping[str, str]) -> None:
    """Write text attributes with plain names, as `group.attrs` would but three times as fast."""
    kind, one = h5py.h5t.py_create(TEXT, logical=True), h5py.h5s.create(h5py.h5s.SCALAR)
    for name, text in texts.items():
        h5py.h5a.create(group.id, name.encode("ascii"), kind, one).write(np.array(text, dtype=object))


def put_array(group: h5py.Group, name: str, array: npt.NDArray[Any]) -> str:
    """Write an array with its SHA-256 beside it and a checksum per chunk; returns the SHA-256.

    Compressed where a sample of it says that this pays: SEM noise shrinks by a fifth at best and would take most of
    the time of a save, masks shrink thirtyfold.
    """
    if array.dtype.kind == "U":
        dataset = group.create_dataset(name, data=array.astype(object), dtype=TEXT)
    elif array.nbytes < _SMALL_BYTES:
        dataset = group.create_dataset(name, data=array)
    else:
        squeeze = {"compression": "gzip", "compression_opts": 1, "shuffle": True} if _shrinks(array) else {}
        row_bytes = max(array.nbytes // len(array), 1)
        rows = min(max(_CHUNK_BYTES // row_bytes, 1), len(array))
        dataset = group.create_dataset(name, data=array, chunks=(rows, *array.shape[1:]), fletcher32=True, **squeeze)
    sha256 = sha256_of(array)
    put_texts(dataset, {"sha256": sha256})
    return sha256


def sha256_of(array: npt.NDArray[Any]) -> str:
    """SHA-256 of the values, rows first, little-endian; text as UTF-8 with a zero byte behind each."""
    if array.dtype.kind == "U":
        return hashlib.sha256("".join(f"{word}\0" for word in array.ravel().tolist()).encode()).hexdigest()
    return hashlib.sha256(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()).hexdigest()


def get_array(group: h5py.Group, name: str) -> npt.NDArray[Any]:
    """An array as it was written."""
    dataset = group[name]
    if h5py.check_string_dtype(dataset.dtype) is not None:
        return np.array(dataset.asstr()[()].tolist(), dtype=np.str_).reshape(dataset.shape)
    array: npt.NDArray[Any] = dataset[()]
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
    group.attrs["nm_per_px"] = frame.nm_per_px
    group.attrs["mirrored"] = frame.mirrored
    for name in PARAMETERS:
        group.attrs[name] = getattr(registration, name)
    texts = {"transform": registration.transform, "method": registration.method}
    put_texts(group, texts | {name: getattr(trust, name) or "" for name in ("verdict", "registration_class")})
    for name in _TRUST_NUMBERS:
        group.attrs[name] = getattr(trust, name)
    put_array(group, "matrix", registration.matrix())
    put_array(group, "alternatives", np.array(trust.alternatives, dtype=np.float64).reshape(-1, 2))
    put_array(group, "grounds", np.array(trust.grounds, dtype=np.str_))
    if trust.covariance is not None:
        put_array(group, "covariance", np.asarray(trust.covariance, dtype=np.float64))


def get_registration(group: h5py.Group) -> Registration:
    """A registration as it was written."""
    said = group.attrs
    frame = Frame(
        (float(said["centre_px"][0]), float(said["centre_px"][1])),
        (float(said["centre_nm"][0]), float(said["centre_nm"][1])),
        float(said["nm_per_px"]),
        bool(said["mirrored"]),
    )
    trust = Trust(
        verdict=said["verdict"] or None,
        registration_class=said["registration_class"] or None,
        covariance=get_array(group, "covariance") if "covariance" in group else None,
        alternatives=tuple((float(x), float(y)) for x, y in get_array(group, "alternatives")),
        grounds=tuple(str(ground) for ground in get_array(group, "grounds")),
        **{name: float(said[name]) for name in _TRUST_NUMBERS},
    )
    return Registration(
        frame,
        **{name: float(said[name]) for name in PARAMETERS},
        transform=said["transform"],
        method=said["method"],
        trust=trust,
    )


def put_table(group: h5py.Group, columns: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write a table, one dataset a column."""
    for name, values in columns.items():
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
    """Gauges as they were written."""
    columns = [get_array(group, item.name).tolist() for item in fields(Gauge)]
    return tuple(Gauge(*row) for row in zip(*columns, strict=True))


def _new_name() -> str:
    # HDF5 takes two files in memory of one name, in two threads, for the same file.
    return f"image {next(_image_numbers)}"


def _shrinks(array: npt.NDArray[Any]) -> bool:
    middle = array[len(array) // 2 :].reshape(-1)[:16384]
    # Shuffled as the filter does, or floats would look like noise.
    sample = np.ascontiguousarray(middle).view(np.uint8).reshape(-1, array.dtype.itemsize).T.tobytes()
    return len(zlib.compress(sample, 1)) < 0.7 * len(sample)
