"""A file whose bytes changed is named, whatever its format."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from semiview.files.known_files import KnownFiles

ONE, OTHER = "1" * 64, "2" * 64


def test_that_a_changed_file_is_named_with_the_day_it_was_read(tmp_path: Path) -> None:
    name = str(tmp_path / "img" / "a, b.jpg")
    known = KnownFiles(tmp_path)
    assert known.changed({name: ONE}) == {}
    assert known.remember({name: ONE}) == 1
    again = KnownFiles(tmp_path)
    assert again.changed({name: ONE}) == {}
    assert "not those that were read on 20" in again.changed({name: OTHER})[name]
    assert again.remember({name: OTHER}) == 0, "what is known stays"
    assert again.changed({name: OTHER})


def test_that_a_change_that_is_accepted_is_named_no_more(tmp_path: Path) -> None:
    known = KnownFiles(tmp_path)
    known.remember({"a": ONE})
    assert known.remember({"a": OTHER}, accept=True) == 1
    assert known.changed({"a": OTHER}) == {}
    assert known.changed({"a": ONE})


def test_that_a_moved_project_knows_its_files(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    KnownFiles(before).remember({str(before / "a.tif"): ONE})
    before.rename(after)
    assert KnownFiles(after).changed({str(after / "a.tif"): OTHER})


def test_that_a_half_written_line_says_nothing_and_the_next_is_whole(tmp_path: Path) -> None:
    known = KnownFiles(tmp_path)
    known.remember({"a": ONE})
    with known.path.open("ab") as file:
        file.write(b"b,22222")
    assert known.changed({"b": ONE}) == {}
    assert known.remember({"b": OTHER}) == 1
    assert known.changed({"b": ONE})
    assert known.changed({"a": OTHER})


def test_that_several_programs_may_remember_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as programs:
        list(programs.map(lambda n: KnownFiles(tmp_path).remember({f"{n % 10}": ONE}), range(40)))
    assert set(KnownFiles(tmp_path).read()) == {str(n) for n in range(10)}
    assert len(KnownFiles(tmp_path).path.read_text().splitlines()) == 11
