"""Which groups train, which stop the training early, and which are locked away for the gate.

A group is assigned once, as soon as there are three, and never moves: the file only grows.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Split = Literal["train", "validation", "test", ""]

FORMAT = 1
FEWEST_GROUPS = 3  # with fewer there is no independent test
SHARES: dict[Split, float] = {"train": 0.6, "test": 0.2, "validation": 0.2}


@dataclass(frozen=True, slots=True)
class Group:
    """A group of cases; `split` is empty while it waits for others to come."""

    pattern_type: str
    split: Split = ""


@dataclass(frozen=True, slots=True)
class Splits:
    """All groups that were ever seen, by name."""

    groups: Mapping[str, Group] = field(default_factory=dict)

    def split_of(self, name: str) -> Split:
        """The split of a group; empty if there is none yet."""
        group = self.groups.get(name)
        return "" if group is None else group.split

    def with_group(self, name: str, pattern_type: str) -> "Splits":
        """With one more group; itself if it was known. From the third group on all are assigned."""
        if name in self.groups:
            return self._settled()
        return Splits({**self.groups, name: Group(pattern_type)})._settled()

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

    def to_json(self) -> bytes:
        """The file's content, with a hash of its groups."""
        groups = {name: {"pattern_type": g.pattern_type, "split": g.split} for name, g in self.groups.items()}
        content = {"format": FORMAT, "sha256": _sha256(groups), "groups": groups}
        return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Splits":
        """The splits in a file's content.

        Raises
        ------
        ValueError
            If it is damaged or of a newer format.
        """
        try:
            content = json.loads(data)
            if content["format"] > FORMAT:
                raise ValueError(f"its format {content['format']} is newer than this program")
            if content["sha256"] != _sha256(content["groups"]):
                raise ValueError("its groups are not those that were written")
            groups = {name: Group(said["pattern_type"], said["split"]) for name, said in content["groups"].items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it lacks {error}") from error
        return cls(groups)

    def _settled(self) -> "Splits":
        """With every waiting group assigned, if there are enough; itself if nothing changes."""
        waiting = [name for name, group in self.groups.items() if not group.split]
        if not waiting or len(self.groups) < FEWEST_GROUPS:
            return self
        groups = dict(self.groups)
        # Not in the order of their coming: what is reviewed first would always be trained on.
        for name in sorted(waiting, key=lambda text: hashlib.sha256(text.encode()).digest()):
            groups[name] = Group(groups[name].pattern_type, _next_split(groups, groups[name].pattern_type))
        return Splits(groups)


def _sha256(groups: object) -> str:
    return hashlib.sha256(json.dumps(groups, sort_keys=True).encode()).hexdigest()


def _next_split(groups: Mapping[str, Group], pattern_type: str) -> Split:
    """The split that lacks most: one that has no group at all, else within the pattern type, else over all."""
    assigned = [group for group in groups.values() if group.split]
    alike = [group for group in assigned if group.pattern_type == pattern_type]

    def lack(among: list[Group], split: Split) -> float:
        return SHARES[split] * (len(among) + 1) - sum(group.split == split for group in among)

    empty = [split for split in SHARES if all(group.split != split for group in assigned)]
    if empty:
        return empty[0]
    return max(SHARES, key=lambda split: (round(lack(alike, split), 9), round(lack(assigned, split), 9)))
