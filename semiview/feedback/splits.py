"""Which groups train, which stop the training early, and which are locked away for the gate.

A group is assigned once, as soon as there are three, and never moves: the file only grows.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

Split = Literal["train", "validation", "test", ""]

FORMAT = 2
FEWEST_GROUPS = 3  # with fewer there is no independent test
SHARES: dict[Split, float] = {"train": 0.6, "test": 0.2, "validation": 0.2}


@dataclass(frozen=True, slots=True)
class Group:
    """A group of cases; `split` is empty while it waits for others to come."""

    pattern_type: str
    split: Split = ""


@dataclass(frozen=True, slots=True)
class Splits:
    """All groups that were ever seen, by name.

    Attributes
    ----------
    given
        Number of assigned groups by pattern type and split; counted from the groups where it is not handed in.
    """

    groups: Mapping[str, Group] = field(default_factory=dict)
    given: Mapping[tuple[str, Split], int] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.given is None:
            counted = Counter((group.pattern_type, group.split) for group in self.groups.values() if group.split)
            object.__setattr__(self, "given", counted)

    def split_of(self, name: str) -> Split:
        """The split of a group; empty if there is none yet."""
        group = self.groups.get(name)
        return "" if group is None else group.split

    def with_group(self, name: str, pattern_type: str, split: Split = "") -> "Splits":
        """With one more group; itself if it was known. From the third group on all are assigned.

        Parameters
        ----------
        split
            What a record named for it already; empty: it is chosen here.
        """
        if name in self.groups:
            return self._settled()
        return self._with({name: Group(pattern_type, split)})._settled()

    @classmethod
    def of_records(cls, records: Iterable[tuple[str, str, str]]) -> "Splits":
        """The splits that records name: (group, pattern type, split), oldest first.

        The records of the first groups came before their assignment and name none: it is made again, in the same way.
        """
        first = cls()
        named: dict[str, Group] = {}
        for name, pattern_type, split in records:
            if len(first.groups) < FEWEST_GROUPS:
                first = first.with_group(name, pattern_type)
            if split in SHARES and not named.get(name, Group("")).split:
                named[name] = Group(pattern_type, split)
            elif name not in first.groups:
                named.setdefault(name, Group(pattern_type))
        return cls({**first.groups, **named})._settled()

    def merged(self, other: "Splits") -> tuple["Splits", tuple[str, ...]]:
        """With the other's groups, and the names of those assigned differently there: what stands here stays."""
        groups = dict(self.groups)
        conflicts = []
        for name, theirs in other.groups.items():
            ours = groups.get(name)
            if ours is None or not ours.split:
                groups[name] = theirs
            elif theirs.split and theirs.split != ours.split:
                conflicts.append(name)
        return Splits(groups)._settled(), tuple(conflicts)

    def to_lines(self, since: "Splits | None" = None) -> bytes:
        """The file's content, a JSON line a group with a hash; with `since` the lines that are new."""
        lines = [json.dumps({"format": FORMAT})]
        entries: Iterable[tuple[str, Group]] = self.groups.items()
        if since is not None:
            lines = []
            if not since._has_waiting:  # nothing that was known has changed, and what is new came behind it
                entries = islice(entries, len(since.groups), None)
        for name, group in entries:
            if since is None or since.groups.get(name) != group:
                said = {"group": name, "pattern_type": group.pattern_type, "split": group.split}
                lines.append(json.dumps({**said, "sha256": _sha256(said)}, ensure_ascii=False))
        return "".join(line + "\n" for line in lines).encode()

    def with_lines(self, data: bytes) -> tuple["Splits", int]:
        """With the groups in more of the file, and how many of these bytes are whole lines.

        A last line without its end is one whose writer was killed; it says nothing.

        Raises
        ------
        ValueError
            If a line is damaged or of a newer format.
        """
        whole = data.rfind(b"\n") + 1
        groups: dict[str, Group] = {}
        for line in data[:whole].splitlines():
            try:
                said = json.loads(line)
                if "format" in said:
                    if said["format"] > FORMAT:
                        raise ValueError(f"its format {said['format']} is newer than this program")
                    continue
                if said.pop("sha256") != _sha256(said) or said["split"] not in (*SHARES, ""):
                    raise ValueError("a line is not as it was written")
                groups[said["group"]] = Group(said["pattern_type"], said["split"])
            except (KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"a line lacks {error}") from error
        return (self._with(groups) if groups else self), whole

    @property
    def _has_waiting(self) -> bool:
        return len(self.groups) != sum((self.given or {}).values())

    def _with(self, groups: Mapping[str, Group]) -> "Splits":
        given = Counter(self.given)
        for name, group in groups.items():
            old = self.groups.get(name, Group(""))
            given[old.pattern_type, old.split] -= bool(old.split)
            given[group.pattern_type, group.split] += bool(group.split)
        return Splits({**self.groups, **groups}, +given)

    def _settled(self) -> "Splits":
        """With every waiting group assigned, if there are enough; itself if nothing changes."""
        settled = self
        if len(self.groups) < FEWEST_GROUPS or not self._has_waiting:
            return self
        waiting = [name for name, group in self.groups.items() if not group.split]
        # Not in the order of their coming: what is reviewed first would always be trained on.
        for name in sorted(waiting, key=lambda text: hashlib.sha256(text.encode()).digest()):
            kind = self.groups[name].pattern_type
            settled = settled._with({name: Group(kind, _next_split(settled.given or {}, kind))})
        return settled


def _sha256(said: object) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def _next_split(given: Mapping[tuple[str, Split], int], pattern_type: str) -> Split:
    """The split that lacks most: one that has no group at all, else within the pattern type, else over all."""
    alike = {split: given.get((pattern_type, split), 0) for split in SHARES}
    everywhere: Counter[Split] = Counter()
    for (_, split), number in given.items():
        everywhere[split] += number

    def lack(among: Mapping[Split, int], split: Split) -> float:
        return SHARES[split] * (sum(among.values()) + 1) - among[split]

    empty = [split for split in SHARES if not everywhere[split]]
    if empty:
        return empty[0]
    return max(SHARES, key=lambda split: (round(lack(alike, split), 9), round(lack(everywhere, split), 9)))
