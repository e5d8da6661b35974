"""What names and numbers of a foreign list suggest about its mapping: a recipe to begin with."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from semiview.files.case_list import COLUMNS, INFO_COLUMNS
from semiview.files.foreign_list import ForeignList, number_of
from semiview.files.import_recipe import POSITION_COLUMNS, ImportRecipe, PositionUnit, name_fields, with_changes
from semiview.tasks.import_project import ImportSources, design_bounds_nm, is_within, plain_name

UNITS: tuple[PositionUnit, ...] = ("mm", "um", "nm")  # the larger first: in too small a unit all sites lie together
# Names under which other programs write what cases.csv calls otherwise, in lower case.
OTHER_NAMES: Mapping[str, str] = {
    "x": "x_nm", "x_um": "x_nm", "x_mm": "x_nm", "pos_x": "x_nm", "x_pos": "x_nm", "stage_x": "x_nm", "chip_x": "x_nm",
    "y": "y_nm", "y_um": "y_nm", "y_mm": "y_nm", "pos_y": "y_nm", "y_pos": "y_nm", "stage_y": "y_nm", "chip_y": "y_nm",
    "pixel_size": "nm_per_px", "pixelsize": "nm_per_px", "nm/px": "nm_per_px", "pixel_nm": "nm_per_px",
    "structure": "pattern_type", "pattern": "pattern_type", "type": "pattern_type",
    "lot_id": "lot", "wafer_id": "wafer", "slot": "wafer", "layer": "layer_name", "date": "acquired_at",
}  # fmt: skip


def guessed_recipe(sources: ImportSources) -> ImportRecipe:
    """What the names and numbers suggest: columns by their titles, the file name by a column that the names hold.

    Unit and direction of y are those with which the most sites lie within the design; without a design um and up.
    """
    recipe = with_changes(ImportRecipe(), columns=_guessed_columns(sources.columns))
    if sources.listed is not None:
        found = _guessed_name(sources.listed, [image.stem for image in sources.images])
        if found is not None:
            template, column = found
            recipe = with_changes(recipe, file_name=template, join={name_fields(template)[0]: column})
    if sources.design is not None and sources.listed is not None:
        recipe = _guessed_unit(sources, recipe)
    return recipe


def _guessed_columns(columns: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for column in columns:
        plain = plain_name(column)
        name = plain if plain in COLUMNS and plain not in ("image", "design") else OTHER_NAMES.get(plain)
        if name is not None and name not in found and name not in ("case_id", "prediction"):
            found[name] = column
    return found


def _guessed_name(listed: ForeignList, stems: Sequence[str]) -> tuple[str, str] | None:
    """(template, column): the column whose values stand in the most file names, all in one place."""
    best: tuple[int, str, str] | None = None
    for column in listed.columns:
        votes: dict[str, int] = defaultdict(int)
        values = {line.cells[column] for line in listed.lines if line.cells[column]}
        known = set(stems)
        surroundings = {(stem[: stem.rfind(value)], stem[stem.rfind(value) + len(value) :])
                        for value in sorted(values)[:40] for stem in stems if value in stem}  # fmt: skip
        for before, after in surroundings:
            votes[f"{before}{{{_field_name(column)}}}{after}"] = sum(
                f"{before}{value}{after}" in known for value in values
            )
        if votes:
            template = max(votes, key=lambda name: (votes[name], -len(name)))
            if best is None or votes[template] > best[0]:
                best = votes[template], template, column
    return None if best is None or best[0] == 0 or best[1].count("{") != 1 else (best[1], best[2])


def _guessed_unit(sources: ImportSources, recipe: ImportRecipe) -> ImportRecipe:
    """The unit and the sign of y with which the most sites lie within the design."""
    box = design_bounds_nm(sources, recipe)
    if box is None or sources.listed is None or not set(POSITION_COLUMNS) <= set(recipe.columns):
        return recipe
    places = []
    for line in sources.listed.lines:
        try:
            places.append([number_of(line.cells[recipe.columns[column]]) for column in POSITION_COLUMNS])
        except ValueError:
            continue
    tries = [with_changes(recipe, position_unit=unit, y_sign=sign) for unit in UNITS for sign in (1, -1)]
    inside = [sum(is_within(box, one.to_nm(x, y)) for x, y in places) for one in tries]
    return tries[int(np.argmax(inside))] if max(inside) else recipe


def _field_name(column: str) -> str:
    """A field for a file name; one that acts in cases.csv, such as image, would act unasked."""
    plain = plain_name(column)
    return plain if plain and (plain not in COLUMNS or plain in INFO_COLUMNS) else "site"
