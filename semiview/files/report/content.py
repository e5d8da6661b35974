"""What stands in a report, block by block, before it becomes HTML or PDF."""

from semiview.files.report.blocks import Block, Grid, Heading, Paragraph
from semiview.files.report.case_blocks import case_blocks
from semiview.files.report.overview import overview
from semiview.files.report.reported import Report, worst_epe


def blocks_of(report: Report) -> list[Block]:
    """The report from the whole to the parts: all cases, each case worst first, and where the numbers come from."""
    ordered = sorted(report.cases, key=lambda each: -worst_epe(each.measured))
    anchors = {each.measured.case_id: f"case-{number}" for number, each in enumerate(ordered, start=1)}
    blocks: list[Block] = [Heading(1, report.title), Paragraph(_in_one_sentence(report))]
    blocks += overview(report, ordered, anchors)
    for each in ordered:
        blocks += case_blocks(each, anchors[each.measured.case_id])
    return blocks + _provenance(report)


def _in_one_sentence(report: Report) -> str:
    count, ok = report.summary["cases"], report.summary["ok"]
    about = (
        "All were measured" if ok == count else f"{ok} were measured without reservation, {count - ok} are named below"
    )
    return (
        f"{count} field{'' if count == 1 else 's'} of {report.project}. {about}. Made {report.made} by SemiView "
        f"{report.manifest['versions']['semiview']}. EPE is signed: positive is printed outside the drawn polygon."
    )


def _provenance(report: Report) -> list[Block]:
    manifest = report.manifest
    blocks: list[Block] = [Heading(2, "Where the numbers come from", "provenance")]
    identifier, sha256 = report.checkpoint
    if identifier:
        blocks.append(Paragraph(f"Current checkpoint: {identifier}{f', sha256 {sha256}' if sha256 else ''}."))
    versions = tuple((name, str(value)) for name, value in manifest["versions"].items())
    settings = tuple(
        (name, "by default" if value is None else str(value) or "none") for name, value in manifest["settings"].items()
    )
    inputs = tuple((path, sha256) for path, sha256 in manifest["inputs"].items())
    blocks += [Heading(3, "Settings"), Grid(("setting", "value"), settings, narrow=True)]
    blocks += [Heading(3, "Versions"), Grid(("program", "version"), versions, narrow=True)]
    return [*blocks, Heading(3, "Inputs"), Grid(("file", "sha256"), inputs)]
