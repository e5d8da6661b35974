"""The commands that look after a feedback store."""

from dataclasses import asdict
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer

from semiview.commands.terminal import (
    DONE,
    FAILURES,
    JsonOption,
    in_words,
    print_json,
    print_table,
    say,
    warn,
    watched,
    wrong_use,
)
from semiview.feedback.archive import record_bytes, record_names
from semiview.feedback.backups import Keep, back_up, backup_lists, restore
from semiview.feedback.importing import import_masks, import_packed
from semiview.feedback.picture_export import export_coco, export_pairs
from semiview.feedback.repair import repair
from semiview.feedback.reports import Damage, MergeReport, Watch
from semiview.feedback.store import FeedbackStore
from semiview.files.problem import FileProblem

app = typer.Typer()
store_app = typer.Typer(help="Look after a feedback store.", no_args_is_help=True)
app.add_typer(store_app, name="store")

StoreArgument = Annotated[Path, typer.Argument(help="Project or its feedback folder.", metavar="PATH")]

FORMATS = ("hdf5", "png", "coco")


@store_app.command("info")
def store_info(path: StoreArgument, as_json: JsonOption = False) -> None:
    """Count records, states and groups."""
    summary = _open(path, read_only=True).summary()
    if as_json:
        print_json(summary)
    else:
        print_table(["", ""], [[key, in_words(value)] for key, value in summary.items()])


@store_app.command("verify")
def store_verify(path: StoreArgument, as_json: JsonOption = False) -> None:
    """Check every record against its hashes."""
    store = _open(path, read_only=True)
    with watched("verify") as watch:
        report = store.verify(watch)
    if as_json:
        found = {"ok": report.ok, "checked": report.checked}
        print_json(found | {"damaged": _faults(report.damaged), "problems": _problems(report.problems)})
    else:
        say(f"{report.checked} records checked, {len(report.damaged)} damaged")
        print_table(["record", "reason"], [[str(where), why] for where, why in report.damaged])
        warn(report.problems)
    raise typer.Exit(DONE if report.ok else FAILURES)


@store_app.command("repair")
def store_repair(
    path: StoreArgument,
    backup: Annotated[Path | None, typer.Option("--from", help="Backup that whole copies are taken from.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring damaged records back from a backup, make everything derived anew; nothing is deleted."""
    with watched("repair") as watch:
        report = repair(_folder(path), backup, watch)
    if as_json:
        found: dict[str, Any] = {"renewed": report.renewed, "restored": report.restored}
        print_json(found | {"damaged": _faults(report.damaged), "problems": _problems(report.problems)})
    else:
        say(f"made anew: {', '.join(report.renewed)}; {len(report.restored)} records restored")
        print_table(["still damaged", "reason"], [[str(where), why] for where, why in report.damaged])
        warn(report.problems)
    raise typer.Exit(FAILURES if report.damaged or report.problems else DONE)


@store_app.command("export")
def store_export(
    path: StoreArgument,
    out: Annotated[Path, typer.Option(help="File to write (hdf5), or a new folder (png, coco).")],
    kind: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")] = "hdf5",
    as_json: JsonOption = False,
) -> None:
    """Write all records as one HDF5 file, or the samples as PNG + JSON pairs or COCO."""
    if kind not in FORMATS:
        wrong_use(f"--format {kind}: it is {', '.join(FORMATS)}.")
    store = _open(path, read_only=True)
    with watched("export") as watch:
        if kind == "hdf5":
            written = store.export(out, watch)
        else:
            written = {"png": export_pairs, "coco": export_coco}[kind](store, out, watch)
    if as_json:
        print_json({"format": kind, "written": written, "out": out})
    else:
        say(f"{written} {'records' if kind == 'hdf5' else 'samples'} written to {out}")


@store_app.command("import")
def store_import(
    path: StoreArgument,
    source: Annotated[Path, typer.Argument(help="An export (.h5), or a folder of pictures with masks.")],
    reviewer: Annotated[str, typer.Option(help="Who approved the masks.")] = "",
    nm_per_px: Annotated[float, typer.Option(help="Pixel size where the pictures say none.")] = float("nan"),
    group: Annotated[str, typer.Option(help="Group of the imported cases; empty: each by itself.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Take records from an export, or samples from foreign masks."""
    store = _open(path)
    with store, watched("import") as watch:
        if source.is_dir():
            if not reviewer.strip():
                wrong_use("Masks need --reviewer NAME: somebody approved them.")
            report = import_masks(store, source, reviewer, nm_per_px, group, watch)
        else:
            report = import_packed(store, source, watch)
    _say_merged(report, as_json)


@store_app.command("merge")
def store_merge(
    path: StoreArgument,
    other: Annotated[Path, typer.Argument(help="Another project or feedback folder, or a ZIP of one.")],
    as_json: JsonOption = False,
) -> None:
    """Take over every whole record of another store; twice adds nothing."""
    store = _open(path)
    with store, watched("merge") as watch:
        if other.is_file():
            report = _merge_archive(store, other, watch)
        else:
            report = store.merge(_open(other, read_only=True), watch=watch)
    _say_merged(report, as_json)


@store_app.command("backup")
def store_backup(
    path: StoreArgument,
    to: Annotated[Path, typer.Option(help="Folder of the backups of this store, best on another disk.")],
    daily: Annotated[int, typer.Option(help="Days of which the newest backup stays.", min=0)] = Keep().daily,
    weekly: Annotated[int, typer.Option(help="The same for weeks.", min=0)] = Keep().weekly,
    monthly: Annotated[int, typer.Option(help="The same for months.", min=0)] = Keep().monthly,
    as_json: JsonOption = False,
) -> None:
    """Copy what is new, read every byte of the copy again, let old backups go."""
    store = _open(path)
    with watched("backup") as watch:
        report = back_up(store, to, Keep(daily, weekly, monthly), watch=watch)
    if as_json:
        print_json(asdict(report))
    else:
        say(f"{report.records} records are whole in {to}, {report.added} of them new; {len(report.removed)} lists gone")
        for name in report.damaged:
            say(f"{name}: damaged in the store and not in the backup", "yellow")
    raise typer.Exit(FAILURES if report.damaged else DONE)


@store_app.command("restore")
def store_restore(
    path: StoreArgument,
    source: Annotated[Path, typer.Option("--from", help="Folder of the backups.")],
    at: Annotated[str, typer.Option(help="Day (2026-11-26) or time (UTC); the newest backup up to then.")] = "",
    list_only: Annotated[bool, typer.Option("--list", help="Only list the backups.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring back what a backup has and the store lacks or holds damaged; nothing is taken away."""
    if list_only:
        times = [moment.isoformat() for moment, _ in backup_lists(source)]
        if as_json:
            print_json({"backups": times})
        else:
            print_table(["backup (UTC)"], [[moment] for moment in times])
        return
    until = _moment(at) if at else None
    folder = _folder(path)
    store = FeedbackStore.open(folder)
    with store, watched("restore") as watch:
        report = restore(store, source, until, watch)
    _say_merged(report, as_json)


def _merge_archive(store: FeedbackStore, path: Path, watch: Watch) -> MergeReport:
    names = record_names(path)
    added, damaged = 0, []
    for number, (name, data) in enumerate(record_bytes(path)):
        watch(number, len(names))
        try:
            if data is None:
                raise FileProblem(path, f"its record {name} is damaged.")
            added += store.adopt(name, data)
        except FileProblem as problem:
            if "not saved" in problem.reason:  # the disk of the store, not the archive
                raise
            damaged.append(name)
    return MergeReport(added, len(names) - added - len(damaged), tuple(damaged), ())


def _say_merged(report: MergeReport, as_json: bool) -> None:
    if as_json:
        print_json(asdict(report))
    else:
        say(f"{report.added} records taken over, {report.already_here} were here already")
        for name in report.damaged:
            say(f"{name}: damaged there, left out", "yellow")
        for name in report.split_conflicts:
            say(f"group {name}: assigned otherwise there; the split here stands", "yellow")
    raise typer.Exit(FAILURES if report.damaged else DONE)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        wrong_use(f"--at {text}: it is a day or time like 2026-11-26 or 2026-11-26T12:00.")
    if len(text) <= len("2026-11-26"):  # all of that day
        moment = datetime.combine(moment, time.max)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _folder(path: Path) -> Path:
    nested = path / "feedback"
    return nested if nested.is_dir() else path


def _open(path: Path, read_only: bool = False) -> FeedbackStore:
    folder = _folder(path)
    if not folder.is_dir():
        raise FileProblem(folder, "there is no feedback store.", "Name a project or its feedback folder.")
    store = FeedbackStore.open(folder, read_only=read_only)
    if store.caution:
        say(store.caution, "yellow")
    return store


def _faults(damaged: tuple[Damage, ...]) -> list[dict[str, str]]:
    return [{"path": str(where), "reason": why} for where, why in damaged]


def _problems(problems: tuple[FileProblem, ...]) -> list[dict[str, str]]:
    return [{"path": str(problem.path), "reason": problem.reason} for problem in problems]
