"""A drawing of a floorplan: stages as columns, tiles to scale with what is used of them, links between the stages."""

from __future__ import annotations

from typing import Literal

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

from aimcsim.assembly import Assembly
from aimcsim.report import palette
from aimcsim.report.floorplan.figures import LayerFigures, StageFigures, busiest, stage_figures
from aimcsim.report.picture_style import drawing, fitting, new_figure, picture_bytes, plain, width_of

#: Inches: width of a stage, between stages, of the margin, and side of a tile's longer edge.
STAGE, GAP, MARGIN, TILE = 1.55, 0.3, 0.3, 0.34
#: Inches that a picture is wide at least, for its key.
NARROWEST = 4.8
#: Inches of a line of text; points of its letters.
LINE, LETTERS = 0.17, 7.5
#: The same of a tile that layers share, so that they can be told apart.
SHARED_TILE = 0.68
#: Tiles in a row of a stage, and of shared ones; most tiles of a layer that are drawn, the others are counted.
IN_A_ROW, SHARED_IN_A_ROW, MOST_TILES = 4, 2, 12
#: Colours of the layers of one tile, in their order; alone a layer has the first.
SHARED = (palette.FORWARD, palette.UPDATE, palette.BACKWARD, palette.WEIGHT_GRADIENT)
#: Inches that a used part has at least, to be seen.
SEEN = 0.02
#: Inches that a link over one stage more is bent higher.
BEND = 0.16


def floorplan_picture(assembly: Assembly, form: Literal["png", "svg"]) -> bytes:
    """The drawing as a file."""
    stages = stage_figures(assembly)
    floorplan = assembly.floorplan
    far = max((abs(link.target - link.source) for link in floorplan.links), default=1)
    head = 2 * LINE + BEND * (far + 1)
    height = head + max(map(_height, stages)) + 2 * MARGIN
    width = len(stages) * (STAGE + GAP) - GAP + 2 * MARGIN
    with drawing():
        figure = new_figure(max(width, NARROWEST), height)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_xlim(0, max(width, NARROWEST))
        axes.set_ylim(height, 0)
        axes.set_axis_off()
        tile = assembly.scenario.hardware.tile
        room, first = max(width, NARROWEST) - 2 * MARGIN, MARGIN / 2 + LINE / 2
        key = f"tiles of {tile.rows} × {tile.columns} to scale, filled where used; cycles a micro-batch"
        _text(axes, MARGIN, first, assembly.scenario.name, room, bold=True)
        _text(axes, MARGIN, first + LINE, key, room)
        longest = busiest(stages)
        for stage in stages:
            _stage(axes, stage, MARGIN + (stage.number - 1) * (STAGE + GAP), head + MARGIN, assembly, stage is longest)
        for link in floorplan.links:
            if link.kind == "F" and link.target % floorplan.stages != link.source % floorplan.stages:
                _link(axes, link.source % floorplan.stages, link.target % floorplan.stages, link.values, head + MARGIN)
        return picture_bytes(figure, form)


def _tiles_height(layers: tuple[LayerFigures, ...]) -> float:
    """Inches that the tiles of a layer take, or those that several share, which are drawn once."""
    side, in_a_row = _form(layers)
    return -(-min(len(layers[0].tiles), MOST_TILES) // in_a_row) * (side + 0.05)


def _form(layers: tuple[LayerFigures, ...]) -> tuple[float, int]:
    """Inches of a tile's longer edge, and tiles in a row."""
    return (TILE, IN_A_ROW) if len(layers) == 1 else (SHARED_TILE, SHARED_IN_A_ROW)


def _height(stage: StageFigures) -> float:
    heights = (2 * LINE * len(layers) + _tiles_height(layers) for layers in stage.shared())
    return 2 * LINE + sum(heights) + 0.1


def _stage(axes: Axes, stage: StageFigures, left: float, top: float, assembly: Assembly, is_longest: bool) -> None:
    colour = palette.WEIGHT_GRADIENT if is_longest else palette.GRID
    height = _height(stage)
    axes.add_patch(
        Rectangle((left, top), STAGE, height, fill=False, edgecolor=colour, linewidth=2 if is_longest else 1)
    )
    y = top + LINE
    words = f"stage {stage.number}" + (" (bottleneck)" if is_longest else "")
    _text(axes, left + 0.06, y, words, STAGE - 0.1, bold=True)
    y += LINE
    _text(axes, left + 0.06, y, f"{stage.busy} cycles", STAGE - 0.1)
    for layers in stage.shared():
        for number, layer in enumerate(layers):
            swatch = _colour(number) if len(layers) > 1 else None
            is_bold = is_longest and layer is stage.longest
            y = _words(axes, layer, left + 0.06, y, is_bold, swatch)
        y += LINE / 2
        _tiles(axes, layers, left + 0.06, y, assembly)
        y += _tiles_height(layers) - LINE / 2


def _words(axes: Axes, layer: LayerFigures, left: float, y: float, is_bold: bool, swatch: str | None) -> float:
    """Name and products of a layer; with its colour on a tile that it shares. Returns where the last line is."""
    y += LINE
    left_out = len(layer.tiles) - MOST_TILES
    more = f" (+{left_out} tiles)" if left_out > 0 else "" if layer.tiles else " (digital)"
    if swatch is not None:
        axes.add_patch(Rectangle((left, y - LINE / 4), LINE / 2, LINE / 2, facecolor=swatch, linewidth=0))
    indent = 0.0 if swatch is None else LINE * 0.75
    _text(axes, left + indent, y, f"{layer.name}{more}", STAGE - 0.1 - indent, bold=is_bold)
    y += LINE
    _text(axes, left, y, f"{layer.positions} × {sum(t.copy == 0 for t in layer.tiles)} products", STAGE - 0.1)
    return y


def _colour(number: int) -> str:
    """Of the layers on one tile, the colour of the one with that number."""
    return SHARED[number % len(SHARED)]


def _tiles(axes: Axes, layers: tuple[LayerFigures, ...], left: float, top: float, assembly: Assembly) -> None:
    """The tiles of a layer, or those that several share, each with what they use of it."""
    spec = assembly.scenario.hardware.tile
    side, in_a_row = _form(layers)
    scale = side / max(spec.rows, spec.columns)
    for number in range(min(len(layers[0].tiles), MOST_TILES)):
        x = left + number % in_a_row * (side + 0.02)
        y = top + number // in_a_row * (side + 0.05)
        # Rows are input lines, from top to bottom; columns output lines.
        whole = Rectangle((x, y), spec.columns * scale, spec.rows * scale, facecolor=palette.IDLE, linewidth=0)
        axes.add_patch(whole)
        for place, layer in enumerate(layers):
            array = layer.tiles[number]
            fill = palette.TRANSFER if array.copy else _colour(place)
            corner = x + array.column * scale, y + array.row * scale
            width, height = max(array.columns * scale, SEEN), max(array.rows * scale, SEEN)
            axes.add_patch(Rectangle(corner, width, height, facecolor=fill, linewidth=0))


def _link(axes: Axes, source: int, target: int, values: int, top: float) -> None:
    over = abs(target - source) - 1
    start = MARGIN + source * (STAGE + GAP) + STAGE * 0.75
    end = MARGIN + target * (STAGE + GAP) + STAGE * 0.25
    height = BEND * (over + 1.2)
    style = f"arc,angleA=90,angleB=90,armA={height * 72:.0f},armB={height * 72:.0f},rad=6"
    colour = palette.FORWARD if not over else palette.WEIGHT_GRADIENT
    arrow = FancyArrowPatch(
        (start, top), (end, top), connectionstyle=style, arrowstyle="-|>", mutation_scale=7, color=colour,
        shrinkA=0, shrinkB=0, linewidth=1,
    )  # fmt: skip
    axes.add_patch(arrow)
    text = axes.text((start + end) / 2, top - height, str(values), fontsize=6.5, ha="center", va="center", color=colour)
    text.set_bbox({"facecolor": palette.BACKGROUND, "edgecolor": "none", "pad": 0.6})


def _text(axes: Axes, x: float, y: float, words: str, width: float, bold: bool = False) -> None:
    shown = plain(words, 200)
    if width_of(shown, LETTERS, bold) > width * 72:
        shown = fitting(shown, width * 72, LETTERS, bold)
    axes.text(x, y, shown, fontsize=LETTERS, weight="bold" if bold else "normal", va="center")
