"""Search among designs with Optuna's NSGA-II, a generation at a time.

A search is a function of its file: points are asked for and answered in the order of their trial numbers, a whole
generation at a time, whatever the number of workers and the order in which they end. So a later call simply
searches again from the first trial, and finds the results of all points that are done in their run folders. Optuna's
journal tells the course of the latest call.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from typing import TYPE_CHECKING, Any

from aimcsim.errors import ScenarioError
from aimcsim.sweep.axes import overrides_of
from aimcsim.sweep.crew import Crew
from aimcsim.sweep.folder import JOURNAL, StudyFolder
from aimcsim.sweep.ledger import Ledger, flat_summary, front_ids
from aimcsim.sweep.plan import Plan, Planned
from aimcsim.sweep.points import ID_DIGITS, Point, PointMaker
from aimcsim.sweep.reading import StudyFile
from aimcsim.sweep.run import Watch, run_points
from aimcsim.sweep.search_space import distributions, settings_of_trial
from aimcsim.sweep.series import figure_of
from aimcsim.sweep.spec import PlotSpec, SearchSpec
from aimcsim.trace.run_folder import SCENARIO

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial

#: A point that was asked for, or settings of which no scenario can be made.
Asked = tuple["Trial", Planned, Point | None]


def planned_search(spec: SearchSpec) -> Plan:
    """What study.json says of a search before its first trial."""
    return Plan(name=spec.name, kind="search", total=spec.trials, axes=list(spec.axes), goals=goals(spec), points=[])


def goals(spec: SearchSpec) -> dict[str, bool]:
    """The summary values that count, and of which of them more is better."""
    return dict.fromkeys(spec.minimise, False) | dict.fromkeys(spec.maximise, True)


def run_search(file: StudyFile[SearchSpec], maker: PointMaker, ledger: Ledger, crew: Crew, watch: Watch) -> None:
    """Run the whole search; the points of the front are scenario files in the folder afterwards."""
    spec = file.spec
    study, space = _new_study(spec, ledger.folder), distributions(spec)
    tried = 0
    while tried < spec.trials:
        trials = [study.ask(space) for _ in range(min(spec.population, spec.trials - tried))]
        asked = [_asked(trial, file, maker) for trial in trials]
        ledger.extend(_longer(ledger.plan, asked))
        points = [point for _, _, point in asked if point is not None]
        if not all(ledger.has(point.id) for point in points):
            run_points(points, spec.train, ledger, crew, watch)
        for trial, planned, _ in asked:
            _tell(study, trial, goals(spec), ledger.summary(planned.id))
        tried += len(trials)
    ledger.write_table()
    folder = ledger.folder
    front = front_ids(ledger.rows(), goals(spec))
    folder.replace_front({f"{spec.name[:100]}-{id[:8]}.yaml": folder.point(id) / SCENARIO for id in front})


def front_plots(spec: SearchSpec) -> list[PlotSpec]:
    """A figure for every two goals."""
    found = []
    for x, y in itertools.combinations(goals(spec), 2):
        found.append(PlotSpec(kind="pareto", x=x, y=y, maximise=[name for name in (x, y) if goals(spec)[name]]))
    return found


def _new_study(spec: SearchSpec, folder: StudyFolder) -> Study:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file = folder.path / JOURNAL
    for stale in (file, file.with_name(f"{file.name}.lock")):
        stale.unlink(missing_ok=True)
    return optuna.create_study(
        study_name=spec.name,
        storage=JournalStorage(JournalFileBackend(str(file), lock_obj=JournalFileOpenLock(str(file)))),
        sampler=optuna.samplers.NSGAIISampler(population_size=spec.population, seed=spec.seed),
        directions=["maximize" if more else "minimize" for more in goals(spec).values()],
    )


def _asked(trial: Trial, file: StudyFile[SearchSpec], maker: PointMaker) -> Asked:
    chosen = settings_of_trial(file.spec, trial.params)
    settings = {each.path: each.value for each in chosen}
    try:
        point = maker.make(settings, overrides_of(chosen, file.marks))
    except ScenarioError as error:
        text = json.dumps(settings, sort_keys=True).encode()
        id = hashlib.blake2b(text, digest_size=ID_DIGITS // 2).hexdigest()
        return trial, Planned(id=id, settings=settings, trial=trial.number, error=str(error)), None
    return trial, Planned(id=point.id, settings=settings, trial=trial.number), point


def _longer(plan: Plan, asked: list[Asked]) -> Plan:
    """The plan with what is new among the asked; a point that was tried before makes the search a point shorter."""
    points = {point.id: point for point in plan.points}
    repeats = 0
    for _, planned, _ in asked:
        repeats += planned.id in points
        points.setdefault(planned.id, planned)
    return plan.model_copy(update={"points": list(points.values()), "total": plan.total - repeats})


def _tell(study: Study, trial: Trial, goals: dict[str, bool], summary: dict[str, Any] | None) -> None:
    """Answer a trial. A point with a value missing is infeasible, the more so the more are missing."""
    row = {"status": None} if summary is None else flat_summary(summary)
    values = {name: figure_of(row, name) for name in goals}
    trial.set_constraint("missing values", sum(value is None for value in values.values()))
    worst = {name: -math.inf if more else math.inf for name, more in goals.items()}
    study.tell(trial, [worst[name] if value is None else value for name, value in values.items()])
