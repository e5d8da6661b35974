"""Any order of decisions, retractions, reopenings and merges, against a dict that does the same."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from semiview.core.review import STATE_AFTER, DecisionKind
from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore

CASES = st.sampled_from(["A", "B/1", "ü"])


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = FeedbackStore.open(self.folder / "0")
        self.stores = 1
        self.histories: dict[str, list[tuple[str, DecisionKind]]] = {}

    @rule(case_id=CASES, kind=st.sampled_from(["accept", "correct", "reject", "skip", "note"]), seed=st.integers(0, 9))
    def decide(self, case_id: str, kind: DecisionKind, seed: int) -> None:
        approves = kind in ("accept", "correct")
        record = replace(
            Record.example(seed, (16, 16)),
            case_id=case_id,
            kind=kind,
            reason="other",
            approves_shape=approves,
            approves_registration=approves,
            supersedes=self.store.heads(case_id),
        )
        self.histories.setdefault(case_id, []).append((self.store.append(record), kind))

    @rule(case_id=CASES)
    def take_back(self, case_id: str) -> None:
        heads = self.store.heads(case_id)
        if heads:
            record = Record("retract", case_id, "someone else", "2026-01-01T00:00:00Z", heads)
            self.histories[case_id].append((self.store.append(record), "retract"))

    @rule()
    def reopen(self) -> None:
        self.store = FeedbackStore.open(self.store.folder)

    @rule()
    def move_by_merge(self) -> None:
        other = FeedbackStore.open(self.folder / str(self.stores))
        self.stores += 1
        assert other.merge(self.store).added == sum(map(len, self.histories.values()))
        self.store = other

    @precondition(lambda self: self.histories)
    @rule()
    def lose_what_can_be_made_anew(self) -> None:
        self.store.rebuild_view().unlink()
        (self.store.folder / "store.json").unlink()
        self.store = FeedbackStore.open(self.store.folder)

    @invariant()
    def states_are_those_of_the_dict(self) -> None:
        expected, samples = {}, set()
        for case_id, history in self.histories.items():
            decisions = [(name, kind) for name, kind in history if kind != "note"]
            name, kind = decisions[-1] if decisions else ("", "retract")
            expected[case_id] = (name, STATE_AFTER[kind])
            if kind in ("accept", "correct"):
                samples.add(name)
        found = {case_id: (review.record_id, review.state) for case_id, review in self.store.reviews().items()}
        assert found == expected
        assert {name for name, _ in self.store.snapshot()} == samples
        for case_id, history in self.histories.items():
            assert [(header.record_id, header.kind) for header in self.store.history(case_id)] == history

    def teardown(self) -> None:
        assert self.store.verify().ok
        shutil.rmtree(self.folder)


StoreMachine.TestCase.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
test_that_the_store_agrees_with_a_dict = StoreMachine.TestCase
