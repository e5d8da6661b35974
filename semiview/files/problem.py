"""The one error of this room: a file that cannot be used, why, and what to do about it."""

from pathlib import Path


class FileProblem(Exception):
    """A file or folder that cannot be read or written.

    Attributes
    ----------
    path
        What the user knows it by.
    reason
        One sentence in plain words.
    advice
        What to do, or an empty string.
    """

    def __init__(self, path: Path | str, reason: str, advice: str = "") -> None:
        super().__init__(f"{path}: {reason}" + (f" {advice}" if advice else ""))
        self.path = Path(path)
        self.reason = reason
        self.advice = advice

    def __reduce__(self) -> tuple[type["FileProblem"], tuple[Path, str, str]]:
        return FileProblem, (self.path, self.reason, self.advice)
