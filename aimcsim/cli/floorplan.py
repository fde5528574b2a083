"""`aimcsim floorplan`: where a scenario's layers are placed, and what limits it, without running it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from aimcsim.cli.guard import BadArgument, guarded
from aimcsim.cli.options import ScenarioArgument, SetOption, overrides

PictureOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write it too: drawn as .png or .svg, or as a .json document."),
]


def floorplan(scenario: ScenarioArgument, out: PictureOption = None, set_values: SetOption = None) -> None:
    """Show layers, tiles, stages, links and skip buffers, the bottleneck, and what copies or splits would change."""
    with guarded():
        if out is not None and out.suffix not in (".png", ".svg", ".json"):
            raise BadArgument(f"--out must end in .png, .svg or .json: {out}")
        from aimcsim.cli.consoles import output_console, print_parts
        from aimcsim.loading import load
        from aimcsim.report.floorplan.tables import floorplan_parts

        assembly = load(scenario, overrides(set_values, None)).assembly
        print_parts(output_console(), floorplan_parts(assembly))
        if out is not None and out.suffix == ".json":
            from aimcsim.report.floorplan.document import floorplan_document

            out.write_text(json.dumps(floorplan_document(assembly), indent=2) + "\n", encoding="utf-8")
        elif out is not None:
            from aimcsim.report.floorplan.picture import floorplan_picture
            from aimcsim.trace.atomic_files import staged_file

            picture = floorplan_picture(assembly, "png" if out.suffix == ".png" else "svg")
            with staged_file(out) as file:
                file.write_bytes(picture)
