"""Designs from GDS and OASIS: the polygons near one field of view, in nm."""

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import gdstk
import numpy as np

from semiview.core.design import Design, DesignLayer, Tone
from semiview.core.outline import Points
from semiview.files.gds_structure import check_gds
from semiview.files.layer_roles import LayerRole
from semiview.files.layout_probe import can_be_read
from semiview.files.layout_tree import LayoutTree
from semiview.files.merged_outlines import merged_outlines
from semiview.files.problem import FileProblem

GDS_SUFFIXES = (".gds", ".gds2", ".gdsii", ".oas", ".oasis")
OASIS_START = b"%SEMI-OASIS\r\n"
NM = 1e-9

_LARGE_BYTES = 2**25  # above, a whole parse in another process is quicker than a look at every record
_proven: set[str] = set()  # SHA-256 of files that were found whole


@dataclass(frozen=True, slots=True, eq=False)
class DesignLibrary:
    """A GDS or OASIS file, parsed once; queries may come from several threads.

    Attributes
    ----------
    warnings
        What is doubtful about the file as a whole, such as a reference to a cell that is not in it.
    """

    path: Path
    sha256: str
    cells: tuple[str, ...]
    top_cells: tuple[str, ...]
    warnings: tuple[str, ...]
    _cells: dict[str, gdstk.Cell] = field(repr=False)
    _tree: LayoutTree = field(repr=False)

    @classmethod
    def open(cls, path: Path) -> "DesignLibrary":
        """Parse a file.

        Raises
        ------
        FileProblem
            If it is missing, damaged, neither GDS nor OASIS, has no cell, or its cells hold each other in a circle.
        """
        data_start, sha256 = _start_and_digest(path)
        read = gdstk.read_oas if data_start == OASIS_START else gdstk.read_gds
        advice = "Export it again as GDSII or OASIS."
        _refuse_damage(path, data_start == OASIS_START, sha256)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # missing references are named below
                library = read(str(path), unit=NM)
            cells = {cell.name: cell for cell in library.cells if isinstance(cell, gdstk.Cell)}
        except (OSError, RuntimeError, MemoryError, TypeError, ValueError) as error:
            raise FileProblem(path, "This is no GDS or OASIS file, or it is cut short.", advice) from error
        if not cells:
            raise FileProblem(path, "There is no cell in the design.", "Export it again with its cells.")
        _refuse_circles(path, cells)
        tops = tuple(cell.name for cell in library.top_level())
        return cls(path, sha256, tuple(cells), tops, _missing_cells(cells), cells, LayoutTree())

    def layers(self, cell: str = "") -> tuple[str, ...]:
        """Every layer/datatype that holds polygons at and below a cell; blank: below any top cell."""
        roots = [self._cell(cell)] if cell else [self._cells[name] for name in self.top_cells]
        found = {layer for root in roots for layer in self._tree.layers(root)}
        return tuple(f"{layer}/{datatype}" for layer, datatype in sorted(found))

    def resolved(self, roles: Sequence[LayerRole] = (), cell: str = "") -> tuple[str, tuple[LayerRole, ...]]:
        """The cell and the layers to use, where the case list left them open.

        No cell: the top cell, or the one top cell that draws on a target layer. No layers: all of them, as targets.

        Raises
        ------
        FileProblem
            If the cell is not there, several cells come into question, or nothing is drawn on the target layers.
        """
        targets = {(role.layer, role.datatype) for role in roles if role.role == "target"}
        if roles and not targets:
            raise FileProblem(self.path, "No layer has the role target.", 'Name one in `layers`: "target:1/0".')
        if cell:
            candidates = [self._cell(cell).name]
        else:
            drawn = {name: self._tree.layers(self._cells[name]) for name in self.top_cells}
            candidates = [name for name, layers in drawn.items() if (layers & targets if targets else layers)]
        if len(candidates) > 1:
            names = ", ".join(candidates[:8])
            raise FileProblem(self.path, f"There are {len(candidates)} top cells: {names}.", "Name one in `cell`.")
        present = self.layers(candidates[0] if candidates else "")
        if not candidates or not (targets & self._tree.layers(self._cells[candidates[0]]) if targets else present):
            wanted = ", ".join(role.name for role in roles if role.role == "target") or "any layer"
            raise FileProblem(
                self.path,
                f"Nothing is drawn on {wanted}.",
                f"The design has the layers {', '.join(present)}; correct `layers`." if present else "",
            )
        if roles:
            return candidates[0], tuple(roles)
        every = sorted(self._tree.layers(self._cells[candidates[0]]))
        return candidates[0], tuple(LayerRole(layer, datatype, stated=False) for layer, datatype in every)

    def bounds_nm(self, roles: Sequence[LayerRole] = (), cell: str = "") -> tuple[float, float, float, float]:
        """(x_min, y_min, x_max, y_max) of the target layers; raises FileProblem like `resolved`."""
        name, resolved = self.resolved(roles, cell)
        boxes = np.array(
            [
                self._tree.box(self._cells[name], (role.layer, role.datatype))
                for role in resolved
                if role.role == "target"
            ]
        )
        low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        x_min, y_min, x_max, y_max = np.round(np.concatenate([low, high]), 3).tolist()
        return x_min, y_min, x_max, y_max

    def design(
        self,
        field_nm: tuple[float, float, float, float],
        roles: Sequence[LayerRole] = (),
        tone: Tone | None = None,
        cell: str = "",
    ) -> Design:
        """The whole polygons that touch a field, merged per layer; raises FileProblem like `resolved`."""
        name, resolved = self.resolved(roles, cell)
        box = np.array(field_nm, dtype=np.float64)
        polygons = {
            role: list(self._tree.polygons(self._cells[name], (role.layer, role.datatype), box)) for role in resolved
        }
        layers = tuple(DesignLayer(role.name, role.role, merged_outlines(found)) for role, found in polygons.items())
        targets = [layer for layer in layers if layer.role == "target"]
        if len(targets) == 1:
            target = targets[0].outlines
        else:
            target = merged_outlines(
                points for role, found in polygons.items() if role.role == "target" for points in found
            )
        return Design(target, layers, tone, field_nm, str(self.path), name, self.sha256)

    def outlines_in(
        self,
        field_nm: tuple[float, float, float, float],
        roles: Sequence[LayerRole] = (),
        cell: str = "",
        most: int = 4000,
    ) -> tuple[list[Points], bool]:
        """Polygons that touch a field as they are drawn, for a map; True if there are more than `most`.

        Raises FileProblem like `resolved`.
        """
        name, resolved = self.resolved(roles, cell)
        box = np.array(field_nm, dtype=np.float64)
        found: list[Points] = []
        for role in resolved:
            for points in self._tree.polygons(self._cells[name], (role.layer, role.datatype), box):
                if len(found) == most:
                    return found, True
                found.append(points)
        return found, False

    def _cell(self, name: str) -> gdstk.Cell:
        if name not in self._cells:
            known = ", ".join(self.top_cells[:8])
            raise FileProblem(self.path, f"There is no cell {name}.", f"Its top cells are {known}; correct `cell`.")
        return self._cells[name]


@dataclass(frozen=True, slots=True)
class DesignFileInfo:
    """What a design says of itself. `bounds_nm` is by top cell, over all its layers."""

    cells: tuple[str, ...]
    top_cells: tuple[str, ...]
    layers: tuple[str, ...]
    bounds_nm: Mapping[str, tuple[float, float, float, float]]
    warnings: tuple[str, ...]


def describe_design(path: Path) -> DesignFileInfo:
    """Cells, layers and bounds of a file; raises FileProblem like `DesignLibrary.open`."""
    library = DesignLibrary.open(path)
    bounds = {name: library.bounds_nm(cell=name) for name in library.top_cells if library.layers(name)}
    return DesignFileInfo(library.cells, library.top_cells, library.layers(), bounds, library.warnings)


def layer_warnings(roles: Sequence[LayerRole]) -> tuple[str, ...]:
    """What to say of layers, as resolved, that nobody gave a role: several are united."""
    bare = [role.name for role in roles if not role.stated]
    if len(bare) < 2:
        return ()
    return (f"The layers {', '.join(bare)} have no role and are united as the target; name roles in `layers`.",)


def _refuse_damage(path: Path, is_oasis: bool, sha256: str) -> None:
    """Say what is wrong before the parser meets it: it trusts a file and would end the process."""
    advice = "Export it again as GDSII or OASIS."
    if sha256 in _proven:
        return
    if is_oasis or path.stat().st_size > _LARGE_BYTES:
        if is_oasis and not _oasis_checksum_holds(path):
            raise FileProblem(path, "The OASIS file is damaged: its checksum is wrong.", advice)
        if not can_be_read(path, "read_oas" if is_oasis else "read_gds"):
            raise FileProblem(path, "This is no GDS or OASIS file, or it is cut short or damaged.", advice)
    else:
        try:
            check_gds(path.read_bytes())
        except ValueError as error:
            problem = f"This is no GDS or OASIS file, or it is cut short or damaged: {error}."
            raise FileProblem(path, problem, advice) from error
    _proven.add(sha256)


def _oasis_checksum_holds(path: Path) -> bool:
    """False if the file has a checksum and it is another one; many have none."""
    try:
        holds, _ = gdstk.oas_validate(str(path))
    except (OSError, RuntimeError, MemoryError, ValueError):
        return False
    return holds is not False


def _start_and_digest(path: Path) -> tuple[bytes, str]:
    try:
        with path.open("rb") as file:
            start = file.read(len(OASIS_START))
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        advice = "Put it back, or correct its name in the case list."
        raise FileProblem(path, "The design is not there.", advice) from None
    except OSError as error:
        raise FileProblem(path, f"The design cannot be read ({error.strerror}).") from error
    if not start:
        raise FileProblem(path, "The design file is empty.", "Export it again.")
    return start, digest


def _missing_cells(cells: Mapping[str, gdstk.Cell]) -> tuple[str, ...]:
    missing = {
        reference.cell_name
        for cell in cells.values()
        for reference in cell.references
        if not isinstance(reference.cell, gdstk.Cell)  # type: ignore[redundant-expr]
    }
    if not missing:
        return ()
    return (f"Cells that are referenced but not in the file are left out: {', '.join(sorted(missing))}.",)


def _refuse_circles(path: Path, cells: Mapping[str, gdstk.Cell]) -> None:
    """Take away cells that hold no others, again and again; what is left holds itself in a circle."""
    holds = {name: {below.name for below in cell.dependencies(False)} & set(cells) for name, cell in cells.items()}
    held_by: dict[str, list[str]] = {name: [] for name in cells}
    for name, inner in holds.items():
        for below in inner:
            held_by[below].append(name)
    free = [name for name, inner in holds.items() if not inner]
    while free:
        done = free.pop()
        del holds[done]
        for above in held_by[done]:
            holds[above].discard(done)
            if not holds[above]:
                free.append(above)
    if holds:
        names = ", ".join(sorted(holds)[:8])
        raise FileProblem(path, f"The cells {names} hold each other in a circle.", "Export the design again.")
