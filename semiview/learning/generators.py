"""Checkpoints that answer a design with a SEM picture. They stand apart from those that find patterns."""

from pathlib import Path

from semiview.files.problem import FileProblem
from semiview.learning.registry import SUFFIX, CheckpointRef, read_reference

FOLDER = "design_to_sem"


def generators_folder(checkpoints_folder: Path) -> Path:
    """Where a project keeps them."""
    return checkpoints_folder / FOLDER


def newest_generator(checkpoints_folder: Path) -> CheckpointRef | None:
    """The one that was trained last, or None; a damaged one is passed over."""
    for path in sorted(generators_folder(checkpoints_folder).glob(f"*{SUFFIX}"), reverse=True):
        try:
            reference = read_reference(path)
        except FileProblem:
            continue
        if reference.generates:
            return reference
    return None
