"""A report as one HTML page that needs nothing beside it: readable in light and dark, and in print."""

import re
from html import escape

from semiview.files.report.blocks import Block, Gallery, Grid, Heading, Paragraph
from semiview.files.report.content import blocks_of
from semiview.files.report.figure import PAGE_COLOURS, svg_of
from semiview.files.report.reported import Report

NUMBER = re.compile(r"[-+]?[\d.]+(e[-+]?\d+)?|\d+/\d+|")
STYLE = """
:root { --ink: %(ink)s; --muted: %(muted)s; --grid: %(grid)s; --ground: #ffffff; --panel: #f5f5f7; --doubt: #8a4b00;
  color-scheme: light dark; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #ececee; --muted: #a0a0a6; --grid: #3c3c42;
  --ground: #1c1c1f; --panel: #27272b; --doubt: #ffb95c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px; max-width: 1280px; color: var(--ink); background: var(--ground);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 20px; margin: 40px 0 8px; padding-top: 12px;
  border-top: 1px solid var(--grid); } h3 { font-size: 15px; margin: 22px 0 6px; }
p { margin: 6px 0; } p.doubt { color: var(--doubt); font-weight: 600; } p.note { color: var(--muted); font-size: 12px; }
a { color: inherit; }
.wide { overflow-x: auto; } .wide + .wide, .doubt + .wide { margin-top: 10px; }
table { border-collapse: collapse; width: 100%%; font-size: 12.5px; font-variant-numeric: tabular-nums; }
table.narrow { width: auto; } table.narrow td:first-child { color: var(--muted); white-space: nowrap; }
th { text-align: left; font-weight: 600; color: var(--muted); border-bottom: 1px solid var(--grid); }
th, td { padding: 3px 10px 3px 0; vertical-align: top; }
td { border-bottom: 1px solid var(--grid); overflow-wrap: anywhere; }
td.number, th.number { text-align: right; white-space: nowrap; }
.gallery { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%%), 1fr)); gap: 14px;
  margin: 12px 0; align-items: start; }
figure { margin: 0; background: var(--panel); border-radius: 6px; padding: 8px; break-inside: avoid; }
figure svg { display: block; width: 100%%; height: auto; font-family: inherit; border-radius: 3px; }
figure:only-child { max-width: 820px; }
figcaption { font-size: 12px; color: var(--muted); margin-top: 6px; }
@page { size: A4; margin: 14mm 12mm 16mm; @bottom-left { content: "%(title)s"; font: 8pt sans-serif; color: #6b6b70; }
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; color: #6b6b70; } }
@media print { body { padding: 0; max-width: none; font-size: 9.5pt; }
  h2 { break-before: page; border: 0; margin-top: 0; }
  h3, h2 { break-after: avoid; } thead { display: table-header-group; } tr, figure, .keep { break-inside: avoid; }
  table { font-size: 8pt; } th, td { padding-right: 6px; } .gallery { grid-template-columns: repeat(2, 1fr); gap: 8px; }
  figure { padding: 4px; } .wide { overflow: visible; } a { text-decoration: none; } }
"""


def html_of(report: Report) -> bytes:
    """The page as UTF-8."""
    seen: set[str] = set()
    title = report.title
    in_style = "".join(sign for sign in title if sign.isalnum() or sign in " -_.,:()")
    style = STYLE % {**PAGE_COLOURS, "title": in_style}
    body = "\n".join(_block(block, seen) for block in blocks_of(report))
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    ).encode()


def _block(block: Block, seen: set[str]) -> str:
    if isinstance(block, Heading):
        anchor = f' id="{escape(block.anchor)}"' if block.anchor else ""
        return f"<h{block.level}{anchor}>{escape(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        return f'<p class="doubt">{escape(block.text)}</p>' if block.doubt else f"<p>{escape(block.text)}</p>"
    if isinstance(block, Gallery):
        figures = (
            f"<figure>{svg_of(figure, seen)}<figcaption>{escape(figure.caption)}</figcaption></figure>"
            for figure in block.figures
        )
        return f'<div class="gallery">{"".join(figures)}</div>'
    return _table(block)


def numeric_columns(grid: Grid) -> list[bool]:
    """Which columns hold numbers only, and at least one."""
    columns = list(zip(*grid.rows, strict=True)) if grid.rows else [()] * len(grid.columns)
    return [bool(any(column)) and all(NUMBER.fullmatch(cell) for cell in column) for column in columns]


def _table(grid: Grid) -> str:
    numeric = [' class="number"' if number else "" for number in numeric_columns(grid)]
    head = ""
    if any(grid.columns):
        cells = "".join(f"<th{kind}>{escape(name)}</th>" for name, kind in zip(grid.columns, numeric, strict=True))
        head = f"<thead><tr>{cells}</tr></thead>"
    rows = []
    for row in grid.rows:
        cells = "".join(f"<td{kind}>{_cell(cell, grid)}</td>" for cell, kind in zip(row, numeric, strict=True))
        rows.append(f"<tr>{cells}</tr>")
    narrow = ' class="narrow"' if grid.narrow else ""
    note = f'<p class="note">{escape(grid.note)}</p>' if grid.note else ""
    return f'<div class="wide"><table{narrow}>{head}<tbody>{"".join(rows)}</tbody></table></div>{note}'


def _cell(text: str, grid: Grid) -> str:
    anchor = grid.links.get(text)
    return escape(text) if anchor is None else f'<a href="#{escape(anchor)}">{escape(text)}</a>'
