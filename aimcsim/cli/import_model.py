"""`aimcsim import`: a network of another tool as a model file with its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aimcsim.cli.guard import BadArgument, guarded


def import_model(
    file: Annotated[Path, typer.Argument(metavar="NET.onnx", help="An ONNX file.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.yaml", help="Model file to write (default: NET.yaml, here).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Convert an ONNX file into a model file, and its weights into a .npz beside it."""
    with guarded():
        from aimcsim.onnx_import.model_file import import_onnx

        model_file = out or Path(file.stem + ".yaml")
        weights_file = model_file.with_suffix(".npz")
        if model_file.suffix not in (".yaml", ".yml"):
            raise BadArgument(f"--out must end in .yaml (got {model_file.name!r})")
        there = [each for each in (model_file, weights_file) if each.exists()]
        if there and not force:
            raise BadArgument(f"{there[0]} exists; --force replaces it")
        imported = import_onnx(file)
        imported.write(model_file, weights_file, file.name)
        arrays = sum(layer.is_array for layer in imported.network.layers.values())
        typer.echo(f"model: {model_file} ({len(imported.network.order)} layers, {arrays} with a matrix)")
        typer.echo(f"training.initial_weights: {weights_file}")
