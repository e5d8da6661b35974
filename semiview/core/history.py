"""Undo and redo of one case: every document that was, with its label, bounded in bytes."""

from dataclasses import dataclass, replace

from semiview.core.document import Document

LIMIT_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A document and the label of the edit that made it; edits with equal merge keys are one step.

    `size_bytes` is the memory that the document does not share with the step before.
    """

    document: Document
    label: str
    size_bytes: int
    merge_key: object | None = None


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Steps and the position in them. Immutable; the oldest steps go first when it grows past `limit_bytes`."""

    steps: tuple[Step, ...]
    position: int = 0
    limit_bytes: int = LIMIT_BYTES

    @classmethod
    def begin(cls, document: Document, limit_bytes: int = LIMIT_BYTES) -> "History":
        """A history with nothing to undo."""
        return cls((Step(document, "", document.bytes_not_in(None)),), 0, limit_bytes)

    @property
    def document(self) -> Document:
        """The document as it is now."""
        return self.steps[self.position].document

    @property
    def undo_label(self) -> str | None:
        """What undo would take back, or None."""
        return self.steps[self.position].label if self.position > 0 else None

    @property
    def redo_label(self) -> str | None:
        """What redo would do again, or None."""
        following = self.position + 1
        return self.steps[following].label if following < len(self.steps) else None

    def applied(self, label: str, document: Document, merge_key: object | None = None) -> "History":
        """With a new document on top; what was undone before is gone. Itself if the document is the same object."""
        if document is self.document:
            return self
        kept = self.steps[: self.position + 1]
        if merge_key is not None and len(kept) > 1 and kept[-1].merge_key == merge_key:
            kept = kept[:-1]
        steps = (*kept, Step(document, label, document.bytes_not_in(kept[-1].document), merge_key))
        return replace(self, steps=steps, position=len(steps) - 1)._bounded()

    def undone(self) -> "History":
        """One step back; itself at the beginning."""
        return replace(self, position=self.position - 1) if self.position > 0 else self

    def redone(self) -> "History":
        """One step forth; itself at the end."""
        return replace(self, position=self.position + 1) if self.redo_label is not None else self

    def size_bytes(self) -> int:
        """Memory of all steps, tiles that neighbours share counted once."""
        return sum(step.size_bytes for step in self.steps)

    def _bounded(self) -> "History":
        history = self
        while len(history.steps) > 2 and history.size_bytes() > history.limit_bytes:
            first = replace(history.steps[1], size_bytes=history.steps[1].document.bytes_not_in(None))
            history = replace(history, steps=(first, *history.steps[2:]), position=history.position - 1)
        return history
