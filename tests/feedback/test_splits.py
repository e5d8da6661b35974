from hypothesis import given
from hypothesis import strategies as st

from semiview.feedback.splits import Splits

GROUPS = st.lists(st.tuples(st.text(max_size=5), st.sampled_from(["line", "contact", "logic"])), max_size=40)


def grown(groups: list[tuple[str, str]]) -> Splits:
    splits = Splits()
    for name, pattern_type in groups:
        splits = splits.with_group(name, pattern_type)
    return splits


def test_that_two_groups_wait_and_the_third_assigns_one_to_each_split() -> None:
    assert {group.split for group in grown([("a", ""), ("b", "")]).groups.values()} == {""}
    three = grown([("a", ""), ("b", ""), ("c", "")])
    assert sorted(group.split for group in three.groups.values()) == ["test", "train", "validation"]


@given(GROUPS)
def test_that_an_assigned_group_never_moves(groups: list[tuple[str, str]]) -> None:
    splits = Splits()
    for name, pattern_type in groups:
        after = splits.with_group(name, pattern_type)
        assert all(after.split_of(known) == group.split for known, group in splits.groups.items() if group.split)
        assert after.with_group(name, pattern_type) is after
        splits = after


def test_that_every_pattern_type_is_shared_out_three_to_one_to_one() -> None:
    splits = grown([(f"{kind}{number}", kind) for number in range(50) for kind in ("line", "contact")])
    for kind in ("line", "contact"):
        given_out = [group.split for group in splits.groups.values() if group.pattern_type == kind]
        assert abs(given_out.count("train") - 30) <= 1
        assert abs(given_out.count("test") - 10) <= 1
        assert abs(given_out.count("validation") - 10) <= 1


@given(GROUPS)
def test_that_the_file_brings_back_the_same_splits_however_it_grew(groups: list[tuple[str, str]]) -> None:
    splits, content = Splits(), Splits().to_lines()
    for name, pattern_type in groups:
        after = splits.with_group(name, pattern_type)
        content += after.to_lines(since=splits)
        splits = after
    assert Splits().with_lines(content) == (splits, len(content))
    assert Splits().with_lines(splits.to_lines())[0] == splits


def test_that_a_new_group_adds_one_line_however_many_there_are() -> None:
    few, many = grown([(f"{n:06d}", "line") for n in range(10)]), grown([(f"{n:06d}", "line") for n in range(2000)])
    lines = [splits.with_group("999999", "line").to_lines(since=splits) for splits in (few, many)]
    assert [line.count(b"\n") for line in lines] == [1, 1]
    assert abs(len(lines[0]) - len(lines[1])) < 10


def test_that_a_torn_last_line_says_nothing_and_a_broken_one_is_noticed() -> None:
    splits = grown([("a", "line"), ("b", "line"), ("c", "hole")])
    data = splits.to_lines()
    for end in range(len(data)):
        known, whole = Splits().with_lines(data[:end])
        assert whole <= end
        assert all(splits.groups[name] == group for name, group in known.groups.items())
    for position in range(data.index(b"\n") + 1, len(data) - 1):
        for bit in (0, 5):
            broken = bytearray(data)
            broken[position] ^= 1 << bit
            try:
                found, _ = Splits().with_lines(bytes(broken))
            except ValueError:
                continue
            assert found == splits, "only white space may change unnoticed"


@given(st.permutations(["a", "b", "c"]))
def test_that_the_records_alone_bring_back_the_first_three(order: list[str]) -> None:
    splits = grown([(name, "line") for name in order])
    as_recorded = [(name, "line", splits.split_of(name) if number == 2 else "") for number, name in enumerate(order)]
    recovered = Splits.of_records(as_recorded)
    assert {name: recovered.split_of(name) for name in order} == {name: splits.split_of(name) for name in order}


def test_that_a_merge_keeps_what_stands_and_names_the_conflicts() -> None:
    ours = grown([("a", ""), ("b", ""), ("c", "")])
    swapped = {"train": "test", "test": "train", "validation": "validation"}
    theirs = Splits.of_records([(name, "", swapped[group.split]) for name, group in ours.groups.items()])
    merged, conflicts = ours.merged(theirs.with_group("d", ""))
    assert all(merged.split_of(name) == group.split for name, group in ours.groups.items())
    assert len(conflicts) == 2
    assert merged.split_of("d")


def test_that_groups_that_waited_apart_are_assigned_when_merged() -> None:
    merged, _ = grown([("a", ""), ("b", "")]).merged(grown([("c", ""), ("d", "")]))
    assert all(group.split for group in merged.groups.values())
