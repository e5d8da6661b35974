"""Disks as they are: mounted read-only, really full, and blind to upper and lower case."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PRELUDE = """
    import sys
    from dataclasses import replace
    from pathlib import Path
    from semiview.feedback.drafts import Draft
    from semiview.feedback.record import Record
    from semiview.feedback.store import FeedbackStore
    from semiview.files.problem import FileProblem
    place = Path(sys.argv[1])
    def small(seed, **changes):
        return replace(Record.example(seed, (24, 32)), **changes)
"""


def mounted(mount: str, place: Path, *steps: str) -> list[str]:
    """Run pieces of Python (and shell commands that begin with "!") in a mount of their own; what they print."""
    if os.name != "posix" or not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("mounting needs root on Linux")
    place.mkdir()
    script = [f"{mount} || {{ echo cannot mount; exit 0; }}"]
    for number, step in enumerate(steps):
        if step.startswith("!"):
            script.append(step[1:])
            continue
        file = place.with_name(f"step{number}.py")
        file.write_text(textwrap.dedent(PRELUDE) + textwrap.dedent(step))
        script.append(f"{sys.executable} {file} {place}")
    command = ["unshare", "-m", "sh", "-e", "-c", "\n".join(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if "cannot mount" in done.stdout or "unshare failed" in done.stderr:
        pytest.skip(f"this machine does not mount that: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_that_a_disk_mounted_read_only_is_read_and_says_why_it_takes_nothing(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    said = mounted(
        f"mount -t tmpfs none {place}",
        place,
        """
        FeedbackStore.open(place / "s").append(small(1))
        """,
        f"!mount -o remount,ro {place}",
        """
        for read_only in (True, False):
            store = FeedbackStore.open(place / "s", read_only=read_only)
            print(len(store.snapshot()), store.verify().ok)
            try:
                store.append(small(2))
            except FileProblem as problem:
                print(problem.reason)
        """,
    )
    assert said == ["1 True", "the feedback store is opened for reading only.", "1 True",
                    "not saved, the disk is read-only."]  # fmt: skip


def test_that_a_disk_that_is_really_full_loses_nothing(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    said = mounted(
        f"mount -t tmpfs -o size=1m none {place}",
        place,
        """
        store, saved, seed = FeedbackStore.open(place / "s"), set(), 0
        try:
            while True:
                saved.add(store.append(small(seed, group=f"wafer {seed % 3}")))
                seed += 1
        except FileProblem as problem:
            print(problem.reason, len(saved) > 5)
        again = FeedbackStore.open(place / "s")
        print(again.verify().ok, set(again.record_ids()) == saved)
        """,
    )
    assert said == ["not saved, the disk is full. True", "True True"]


@pytest.mark.skipif(shutil.which("mkfs.ext4") is None, reason="no mkfs.ext4")
def test_that_names_that_differ_in_case_alone_stay_apart_where_the_disk_does_not_tell_them(tmp_path: Path) -> None:
    place, image = tmp_path / "disk", tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(2**24)
    subprocess.run(["mkfs.ext4", "-q", "-O", "casefold", str(image)], check=True)
    said = mounted(
        f"mount -o loop {image} {place} && mkdir {place}/s && chattr +F {place}/s",
        place,
        """
        (place / "s" / "Blind").write_text("")
        print((place / "s" / "bLIND").exists())
        from semiview.core.document import Document
        from semiview.feedback.drafts import load_draft, save_draft
        record = small(1)
        store = FeedbackStore.open(place / "s")
        for name in ("Case", "case", "CASE"):
            store.append(small(1, case_id=name, group=name))
            document = Document(replace(record.registration, shift_x_nm=float(len(store.record_ids()))))
            save_draft(place / "s", Draft(name, document))
        print(len(store.histories()), store.verify().ok, sorted(store.splits()))
        for name in ("Case", "case", "CASE"):
            print(load_draft(place / "s", name).document.registration.shift_x_nm)
        store.close()
        """,
    )
    assert said == ["True", "3 True ['CASE', 'Case', 'case']", "1.0", "2.0", "3.0"]
