"""What a sweep file and a search file hold, typed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Strict, Tag

from aimcsim.scenario.base import (
    AsList,
    AsMapping,
    AsNumber,
    AsText,
    Count,
    Flag,
    NonNegativeInt,
    Real,
    RunName,
    Spec,
    Text,
    one_of_forms,
)

#: Most points of a sweep and most trials of a search.
MOST_POINTS = 100_000

#: Dotted path of a scenario's value, for instance pipeline.stages or model.layers.0.outputs.
Path = Annotated[str, Strict(), Field(min_length=1, max_length=512)]
Values = Annotated[list[Any], Field(min_length=1, max_length=MOST_POINTS)]
Settings = dict[Path, Any]
Zipped = Annotated[dict[Path, Values], Field(min_length=1)]


class PlotSpec(Spec):
    """One figure."""

    kind: Literal["mean", "pareto", "curves"] = Field(
        "mean",
        description="mean: a summary value against an axis, mean and 95 % interval over seeds; "
        "pareto: one summary value against another, and the points that no other beats; "
        "curves: a column of metrics.csv against another, mean over seeds and the range of them",
    )
    x: Text = Field(description="mean: the path of an axis; pareto: a summary value; curves: samples, epoch, cycle …")
    y: Text = Field(
        description="a summary value, for instance makespan_cycles or staleness.1.forward_mean; "
        "curves: train_loss, test_accuracy …"
    )
    log: list[Literal["x", "y"]] = Field([], max_length=2, description="axes of the figure with a logarithmic scale")
    where: Settings = Field({}, description="only the points with these settings")
    maximise: list[Text] | None = Field(
        None, max_length=2, description="pareto: values of which more is better; default: accuracy and density"
    )


class StudySpec(Spec):
    """What sweeps and searches share: a base scenario and what is done with its variants."""

    name: RunName
    base: Annotated[
        Annotated[Text, AsText] | Annotated[dict[str, Any], AsMapping],
        one_of_forms("the path of a scenario file, the name of a shipped one, or a scenario written inline"),
    ] = Field(description="path of a scenario relative to this file, name of a shipped scenario, or one written inline")
    set: Settings = Field({}, description="values of the base that every point changes")
    train: Flag = Field(True, description="false: the time alone, without numbers")
    plots: list[PlotSpec] = Field([], max_length=100, description="figures that are drawn at the end")


class SweepSpec(StudySpec):
    """The points of a sweep: every value of each axis with every value of the others."""

    grid: dict[Path, Values] = Field({}, description="an axis a path: each value with every value of the others")
    zip: Annotated[
        Annotated[Zipped, AsMapping] | Annotated[list[Zipped], AsList],
        one_of_forms("a mapping of paths to equally long lists, or a list of such mappings"),
    ] = Field([], description="paths whose values go together; a list of such mappings makes an axis of each")
    points: list[Annotated[Settings, Field(min_length=1)]] = Field(
        [], max_length=MOST_POINTS, description="one axis: settings that are written out, a mapping a point"
    )
    seeds: (
        Annotated[
            Annotated[Count, Field(le=MOST_POINTS), AsNumber]
            | Annotated[list[NonNegativeInt], Field(min_length=1, max_length=MOST_POINTS), AsList],
            one_of_forms("how many seeds, or a list of them"),
        ]
        | None
    ) = Field(None, description="how many seeds (0, 1, 2 …), or a list of them")


class IntRange(Spec):
    """Whole numbers from the first to the last of `int`, both included."""

    int: Annotated[list[Annotated[NonNegativeInt, Strict()]], Field(min_length=2, max_length=2)]
    step: Count = 1
    log: Flag = False


class FloatRange(Spec):
    """Real numbers from the first to the last of `float`."""

    float: Annotated[list[Real], Field(min_length=2, max_length=2)]
    log: Flag = False


def _range_form(value: Any) -> str | None:
    if isinstance(value, list):
        return AsList.tag
    if isinstance(value, IntRange | FloatRange):
        return "(int)" if isinstance(value, IntRange) else "(float)"
    if isinstance(value, dict) and ("int" in value) != ("float" in value):
        return "(int)" if "int" in value else "(float)"
    return None


SearchAxis = Annotated[
    Annotated[IntRange, Tag("(int)")] | Annotated[FloatRange, Tag("(float)")] | Annotated[Values, AsList],
    Discriminator(
        _range_form,
        custom_error_type="wrong_form",
        custom_error_message="must be {int: [low, high]}, {float: [low, high]}, or a list of choices",
    ),
]


class SearchSpec(StudySpec):
    """Axes to search and what to make small or large."""

    axes: Annotated[dict[Path, SearchAxis], Field(min_length=1)]
    minimise: list[Text] = Field([], max_length=4, description="summary values of which less is better")
    maximise: list[Text] = Field([], max_length=4, description="summary values of which more is better")
    trials: Annotated[Count, Field(le=MOST_POINTS)] = Field(description="points to try")
    population: Annotated[Count, Field(ge=2, le=10_000)] = Field(20, description="points of a generation of NSGA-II")
    seed: Annotated[NonNegativeInt, Field(lt=2**32)] = Field(0, description="of the search, not of the scenario")
