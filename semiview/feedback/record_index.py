"""What lies in a store, by case: the headers of its records, in memory and made anew from the files."""

from pathlib import Path

from semiview.feedback.record_file import NewerRecordError, RecordHeader, read_header
from semiview.feedback.record_id import RECORD_SUFFIX, is_record_id
from semiview.files.problem import FileProblem

Suspect = tuple[Path, str]


class RecordIndex:
    """Headers by case and id. Records in quarantine count as having been there, and are marked.

    A record never changes, so only files that came since the last look are read.
    """

    def __init__(self, records_folder: Path, quarantine_folder: Path) -> None:
        self.problems: dict[Path, FileProblem] = {}
        self.damaged: dict[str, Path] = {}
        self._folders = (records_folder, quarantine_folder)
        self._headers: dict[str, RecordHeader] = {}
        self._by_case: dict[str, dict[str, RecordHeader]] = {}

    def refresh(self) -> list[Suspect]:
        """Look at the folders again; returns new files that do not begin like records, with the reason.

        Raises
        ------
        FileProblem
            If a record comes from a newer version of the program.
        """
        records_folder, quarantine_folder = self._folders
        records = _files(records_folder, "*/*")
        quarantined = _files(quarantine_folder, "*")
        self.damaged = {name: path for name, path in quarantined.items() if name not in records}
        self.problems = {path: problem for path, problem in self.problems.items() if path.exists()}
        present = {**self.damaged, **records}
        for name in self._headers.keys() - present.keys():
            self._forget(name)
        suspects = []
        for name in sorted(present.keys() - self._headers.keys()):
            suspect = self._look_at(name, present[name])
            if suspect and name in records:
                suspects.append(suspect)
        return suspects

    def add(self, header: RecordHeader) -> None:
        """Know a record that was just written or salvaged."""
        self._headers[header.record_id] = header
        self._by_case.setdefault(header.case_id, {})[header.record_id] = header

    def get(self, record_id: str) -> RecordHeader | None:
        """The header of a record."""
        return self._headers.get(record_id)

    def history(self, case_id: str) -> list[RecordHeader]:
        """All records of a case, oldest first."""
        return sorted(self._by_case.get(case_id, {}).values(), key=lambda header: header.record_id)

    def case_ids(self) -> list[str]:
        """All cases, in the order of their names."""
        return sorted(case_id for case_id, headers in self._by_case.items() if headers)

    def headers(self) -> list[RecordHeader]:
        """All headers, oldest first."""
        return [self._headers[name] for name in sorted(self._headers)]

    def _look_at(self, name: str, path: Path) -> Suspect | None:
        if not is_record_id(name):
            self.problems[path] = FileProblem(path, "is no record of this program and is left out.", "Move it away.")
            return None
        try:
            self.add(read_header(path))
        except NewerRecordError as error:
            raise FileProblem(path, str(error), "Update this program to use the feedback store.") from error
        except FileNotFoundError:
            return None  # another program has just moved it to quarantine
        except OSError as error:
            self.problems[path] = FileProblem(path, f"cannot be read ({error.strerror}) and is left out.")
        except ValueError as error:
            return path, str(error)
        return None

    def _forget(self, name: str) -> None:
        header = self._headers.pop(name)
        del self._by_case[header.case_id][name]


def _files(folder: Path, pattern: str) -> dict[str, Path]:
    return {path.stem: path for path in folder.glob(pattern + RECORD_SUFFIX) if not path.name.startswith(".")}
