"""What one decision of a reviewer leaves behind: everything that was on the screen when it was made."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from semiview.core.gauge import Gauge
from semiview.core.outline import Points, as_outline
from semiview.core.registration import Frame, Registration, Trust
from semiview.core.review import REJECT_REASONS, DecisionKind

SCHEMA_VERSION = 1
OUTSIDE, INSIDE, IGNORED = 0, 1, 2

Table = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One event in the life of a case. It is written once and never changed; compared by identity.

    Attributes
    ----------
    kind
        What the reviewer did. `retract` takes the records in `supersedes` back; `note` changes no state.
    time_utc
        ISO 8601 with offset zero.
    supersedes
        Ids of the records that this one replaces.
    seconds_spent
        Time the reviewer had the case open.
    approves_shape, approves_registration, approves_measurements
        What the decision vouches for, each by itself.
    sem
        (H, W) grey values as loaded, uint8, uint16 or float32; None where the decision shows no picture.
    nm_per_px_x, nm_per_px_y
        Size of a pixel; NaN for unknown. `nm_per_px_source` says who claims it.
    image_sha256
        Hex digest of the SEM file.
    design_outlines_nm
        Merged target polygons near the field, design nm; `design_tone` is raised, opening or empty (not said).
    design_raster
        (H, W) uint8, standing material of the registered design, 0 to 255.
    prediction
        (H, W) float16 in [0, 1] that was shown, with the checkpoint that made it.
    approved
        (H, W) uint8 on the picture's grid: 0 outside, 1 inside (standing material), 2 ignore.
    approved_outlines_px
        The same shape's contours with sub-pixel positions, image px.
    free_share
        Share of the approved outline, 0 to 1, drawn by hand and not snapped to an edge; NaN for unknown.
    ignore
        (H, W) uint8, 1 where nothing counts.
    tables
        Measurements as named tables of columns; the columns of one table are equally long.
    pattern_type, group, split
        `group` is what a held-out split keeps together (empty: the case alone). The store fills in `split`: train,
        validation, test, or empty while there are fewer than three groups.

    Raises
    ------
    ValueError
        If the record contradicts itself; the message says where.
    """

    kind: DecisionKind
    case_id: str
    reviewer: str
    time_utc: str
    supersedes: tuple[str, ...] = ()
    reason: str = ""
    note: str = ""
    seconds_spent: float = 0.0
    approves_shape: bool = False
    approves_registration: bool = False
    approves_measurements: bool = False
    sem: npt.NDArray[Any] | None = None
    nm_per_px_x: float = float("nan")
    nm_per_px_y: float = float("nan")
    nm_per_px_source: str = ""
    image_sha256: str = ""
    design_outlines_nm: tuple[Points, ...] = ()
    design_tone: str = ""
    design_raster: npt.NDArray[np.uint8] | None = None
    prediction: npt.NDArray[np.float16] | None = None
    checkpoint_id: str = ""
    checkpoint_sha256: str = ""
    approved: npt.NDArray[np.uint8] | None = None
    approved_outlines_px: tuple[Points, ...] = ()
    free_share: float = float("nan")
    registration: Registration | None = None
    ignore: npt.NDArray[np.uint8] | None = None
    gauges: tuple[Gauge, ...] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    pattern_type: str = ""
    group: str = ""
    split: str = ""
    tool: str = ""
    edge_algorithm: str = ""
    program_version: str = ""
    schema_version: int = SCHEMA_VERSION
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check_words()
        self._check_decision()
        self._check_pictures()
        self._check_tables()

    @property
    def shape(self) -> tuple[int, int] | None:
        """(H, W) of the picture in px, or None where the record shows none."""
        return None if self.sem is None else (int(self.sem.shape[0]), int(self.sem.shape[1]))

    @property
    def trains(self) -> bool:
        """True if the record approves a shape that a network may learn from."""
        return self.kind in ("accept", "correct") and self.approves_shape

    @classmethod
    def example(cls, seed: int = 0, shape: tuple[int, int] = (256, 256)) -> "Record":
        """A valid record of a simulated line pattern, its own case and group for every seed."""
        rng = np.random.default_rng(seed)
        height, width = shape
        pitch_px = max(width // 8, 4)
        lines = (np.arange(width) // (pitch_px // 2) % 2).astype(np.uint8)
        approved = np.broadcast_to(lines, shape).copy()
        sem = np.clip(rng.normal(90.0 + 80.0 * approved, 12.0), 0, 255).astype(np.uint8)
        left = float(pitch_px // 2) - 0.5
        outline_px = as_outline(
            [(left, -0.5), (left, height - 0.5), (left + pitch_px // 2, height - 0.5), (left + pitch_px // 2, -0.5)]
        )
        frame = Frame(((width - 1) / 2, (height - 1) / 2), (1000.0 * seed, 2000.0), 2.0)
        trust = Trust("unique", "subpixel", 0.8, 0.1, 0.2, 0.4, covariance=np.diag(np.full(6, 0.01)))
        registration = Registration(frame, shift_x_nm=float(rng.normal(0, 20)), transform="affine", trust=trust)
        gauge = Gauge("g1", "line", 1000.0 * seed, 2000.0, 0.0, 4.0 * pitch_px, 40.0, 0, float(pitch_px))
        return cls(
            kind="accept",
            case_id=f"example-{seed:06d}",
            reviewer="example reviewer",
            time_utc=(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seed)).isoformat(),
            seconds_spent=12.5,
            approves_shape=True,
            approves_registration=True,
            sem=sem,
            nm_per_px_x=2.0,
            nm_per_px_y=2.0,
            nm_per_px_source="given",
            image_sha256=f"{seed:064x}",
            design_outlines_nm=(registration.outline_to_nm(outline_px),),
            design_tone="raised",
            design_raster=approved * np.uint8(255),
            prediction=approved.astype(np.float16),
            checkpoint_id="example",
            approved=approved,
            approved_outlines_px=(outline_px,),
            free_share=0.0,
            registration=registration,
            gauges=(gauge,),
            tables={"cd": {"gauge_id": np.array(["g1"]), "cd_nm": np.array([float(pitch_px)])}},
            pattern_type="line_space",
            group=f"example group {seed}",
            edge_algorithm="threshold",
            metadata={"lot": "L1"},
        )

    def _check_words(self) -> None:
        words = [getattr(self, item.name) for item in fields(self) if item.type is str or item.type == "str"]
        words += [*self.supersedes, *self.tables, *self.metadata, *self.metadata.values()]
        for word in words:
            _check_storable(word)
        for name in ("case_id", "reviewer"):
            if not getattr(self, name).strip():
                raise ValueError(f"a record needs a {name}")
        if "" in self.metadata:
            raise ValueError("a metadata column has no name")
        try:
            offset = datetime.fromisoformat(self.time_utc).utcoffset()
        except ValueError:
            raise ValueError(f"time_utc is no ISO 8601 time: {self.time_utc!r}") from None
        if offset != timedelta(0):
            raise ValueError(f"time_utc must say UTC (+00:00): {self.time_utc!r}")

    def _check_decision(self) -> None:
        if self.kind not in get_args(DecisionKind):
            raise ValueError(f"a record is one of {', '.join(get_args(DecisionKind))}, not {self.kind!r}")
        if self.kind == "reject" and not self.reason:
            raise ValueError(f"a rejection needs a reason, such as: {REJECT_REASONS[0]}")
        if self.kind == "retract" and not self.supersedes:
            raise ValueError("a retraction names in `supersedes` what it takes back")
        if self.kind not in ("accept", "correct"):
            if self.approves_shape or self.approves_registration or self.approves_measurements:
                raise ValueError(f"{self.kind} approves nothing")
            return
        for approves, needed in (
            (self.approves_shape, ("sem", "approved")),
            (self.approves_registration, ("registration",)),
        ):
            for name in needed if approves else ():
                if getattr(self, name) is None:
                    raise ValueError(f"the record approves what it does not hold: {name} is missing")

    def _check_pictures(self) -> None:
        for name, dtypes in (
            ("sem", (np.uint8, np.uint16, np.float32)),
            ("design_raster", (np.uint8,)),
            ("prediction", (np.float16,)),
            ("approved", (np.uint8,)),
            ("ignore", (np.uint8,)),
        ):
            array = getattr(self, name)
            if array is None:
                continue
            if array.ndim != 2 or array.size == 0:
                raise ValueError(f"{name} is (H, W) and not empty, this one is {array.shape}")
            if array.dtype not in dtypes:
                raise ValueError(f"{name} is {' or '.join(np.dtype(d).name for d in dtypes)}, this is {array.dtype}")
            if self.sem is not None and array.shape != self.sem.shape:
                raise ValueError(f"{name} is {array.shape} but the picture is {self.sem.shape}")
            array.setflags(write=False)
        for name, highest in (("approved", IGNORED), ("ignore", 1)):
            array = getattr(self, name)
            if array is not None and int(array.max()) > highest:
                raise ValueError(f"{name} holds {int(array.max())}; it goes to {highest}")
        if self.prediction is not None and not _are_shares(self.prediction):
            raise ValueError("the prediction leaves [0, 1] or is not finite")
        if not (np.isnan(self.free_share) or 0 <= self.free_share <= 1):
            raise ValueError(f"free_share is a share, not {self.free_share}")
        for outline in (*self.design_outlines_nm, *self.approved_outlines_px):
            as_outline(outline)

    def _check_tables(self) -> None:
        for name, table in self.tables.items():
            if not name or "/" in name or name == ".":
                raise ValueError(f"a table cannot be named {name!r}")
            for column, values in table.items():
                _check_storable(column)
                if not column or "/" in column or column == ".":
                    raise ValueError(f"a column of table {name} cannot be named {column!r}")
                if values.dtype.kind not in "biufU":
                    raise ValueError(f"column {name}/{column} holds {values.dtype}; numbers, flags or text are stored")
                if values.dtype.kind == "U":
                    _check_storable("".join(values.ravel().tolist()))
                if values.ndim == 0:
                    raise ValueError(f"column {name}/{column} is a single value, not a column")
            if len({len(values) for values in table.values()}) > 1:
                raise ValueError(f"the columns of table {name} are not equally long")


def _are_shares(values: npt.NDArray[np.float16]) -> bool:
    # Non-negative halves sort like their bits; comparing halves themselves takes twenty times as long.
    if int(values.view(np.uint16).max()) <= int(np.float16(1).view(np.uint16)):
        return True
    return bool(((values >= 0) & (values <= 1)).all())  # perhaps there is a -0


def _check_storable(text: str) -> None:
    try:
        broken = b"\0" in text.encode()
    except UnicodeEncodeError:
        broken = True
    if broken:
        raise ValueError(f"text with a NUL or half a character cannot be stored: {text[:80]!r}")
