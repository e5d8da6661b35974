"""The command that tells whether a project's files are still those that were opened first."""

from typing import Annotated

import typer

from semiview.commands.options import ProjectArgument
from semiview.commands.terminal import DONE, FAILURES, JsonOption, print_json, print_table, say, watched
from semiview.files.problem import FileProblem
from semiview.files.project import Project, own_tables

app = typer.Typer()


@app.command("files")
def files(
    path: ProjectArgument,
    accept: Annotated[bool, typer.Option("--accept", help="Files that changed are right as they are now.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare pictures, designs, predictions and tables with what they were; remember those that are new."""
    project = Project.open(path)
    hashes = own_tables(project.folder)
    unreadable: dict[str, str] = {}
    with watched("files") as watch:
        for number, row in enumerate(project.rows):
            watch(number, len(project.rows))
            try:
                hashes |= project.foreign_inputs(project.load(row.case_id))
            except FileProblem as problem:
                unreadable[str(problem.path)] = problem.reason
    changed = project.known_files.changed(hashes)
    changed |= {str(edit.path): str(edit) for edit in project.edits if str(edit.path) not in changed}
    new = project.known_files.remember(hashes, accept)
    if accept:
        project.remember_tables(accept)
    if as_json:
        said = {"files": len(hashes), "changed": [] if accept else list(changed), "unreadable": unreadable}
        print_json(said | {"remembered": new})
    else:
        say(f"{len(hashes)} files, {len(changed)} changed, {len(unreadable)} unreadable; {new} noted")
        print_table(["changed"], [[sentence] for sentence in changed.values()])
        print_table(["unreadable", "reason"], [[name, why] for name, why in unreadable.items()])
    raise typer.Exit(FAILURES if unreadable or (changed and not accept) else DONE)
