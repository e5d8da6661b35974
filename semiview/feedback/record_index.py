"""The headers of a store's records by case and id, in memory: small, disposable, made from the files."""

import threading

from semiview.feedback.record_file import RecordHeader
from semiview.feedback.splits import Split


class RecordIndex:
    """Headers by case and id; safe from several threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._headers: dict[str, RecordHeader] = {}
        self._by_case: dict[str, dict[str, RecordHeader]] = {}
        self._splits: dict[str, Split] = {}

    def __len__(self) -> int:
        return len(self._headers)

    def __contains__(self, record_id: str) -> bool:
        return record_id in self._headers

    def ids(self) -> set[str]:
        """All record ids."""
        with self._guard:
            return set(self._headers)

    def add(self, header: RecordHeader) -> None:
        """Know a record."""
        with self._guard:
            self._headers[header.record_id] = header
            self._by_case.setdefault(header.case_id, {})[header.record_id] = header
            if header.trains and header.split:
                self._splits.setdefault(header.group or header.case_id, header.split)

    def forget(self, record_id: str) -> None:
        """Know it no more."""
        with self._guard:
            header = self._headers.pop(record_id)
            del self._by_case[header.case_id][record_id]

    def get(self, record_id: str) -> RecordHeader | None:
        """The header of a record, or None."""
        return self._headers.get(record_id)

    def history(self, case_id: str) -> list[RecordHeader]:
        """All records of a case, oldest first."""
        with self._guard:
            return [header for _, header in sorted(self._by_case.get(case_id, {}).items())]

    def case_ids(self) -> list[str]:
        """All cases, in the order of their names."""
        with self._guard:
            return sorted(case_id for case_id, headers in self._by_case.items() if headers)

    def split_of_group(self, name: str) -> Split:
        """What records named as the split of a group; empty if none did."""
        return self._splits.get(name, "")

    def headers(self) -> list[RecordHeader]:
        """All headers, oldest first."""
        with self._guard:
            return [header for _, header in sorted(self._headers.items())]
