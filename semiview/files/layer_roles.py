"""Which layers of a design count, and for what."""

import re
from dataclasses import dataclass
from typing import get_args

from semiview.core.design import Role


@dataclass(frozen=True, slots=True)
class LayerRole:
    """One GDS layer and what it is for. `stated` is False where nobody said so and `target` was taken."""

    layer: int
    datatype: int
    role: Role = "target"
    stated: bool = True

    @property
    def name(self) -> str:
        """layer/datatype."""
        return f"{self.layer}/{self.datatype}"


def parse_layers(text: str) -> tuple[LayerRole, ...]:
    """Read "role:layer/datatype" entries separated by ";". Without a role: target; without a datatype: 0.

    Raises
    ------
    ValueError
        If an entry is none, names an unknown role, or a layer stands there twice.

    Examples
    --------
    >>> [(each.role, each.name, each.stated) for each in parse_layers("target:1/0; fill:2/5; 3")]
    [('target', '1/0', True), ('fill', '2/5', True), ('target', '3/0', False)]
    """
    found: dict[tuple[int, int], LayerRole] = {}
    for entry in (part.strip() for part in text.split(";")):
        if not entry:
            continue
        match = re.fullmatch(r"(?:([a-z]+)\s*:\s*)?(\d+)(?:\s*/\s*(\d+))?", entry)
        if match is None:
            raise ValueError(f'"{entry}" is no layer; write role:layer/datatype, for example target:1/0.')
        role = next((each for each in get_args(Role) if each == (match[1] or "target")), None)
        if role is None:
            raise ValueError(f'the role "{match[1]}" is not known; it is one of {", ".join(get_args(Role))}.')
        layer = LayerRole(int(match[2]), int(match[3] or 0), role, match[1] is not None)
        if (layer.layer, layer.datatype) in found:
            raise ValueError(f"layer {layer.name} stands there twice.")
        found[layer.layer, layer.datatype] = layer
    return tuple(found.values())
