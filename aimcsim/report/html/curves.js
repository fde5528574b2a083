// Which curves a page has: of one run its losses and accuracy, of several runs one chart a figure.

const AXES = [{ name: "samples" }, { name: "cycles" }, { name: "seconds" }];

function pointsOf(run, column) {
  return run.evaluations.map((row) => {
    const seconds = run.cycle_ns === null ? null : row[1] * run.cycle_ns * 1e-9;
    return [[row[0], row[1], seconds], row[column]];
  });
}

function chartsOf(data) {
  const [TRAIN, TEST, ACCURACY] = [2, 3, 4];
  const trained = data.runs.map((run, number) => ({ run, number })).filter(({ run }) => run.evaluations.length);
  if (!trained.length) return [];
  const targets = new Set(trained.map(({ run }) => run.target));
  const target = targets.size === 1 ? [...targets][0] : null;
  // A reference is grey and dashed, as in the pictures.
  const series = ({ run, number }, column, name, colour = number, dashed = number >= data.run_colours) => ({
    name: run.reference ? `${name} (no staleness)` : name,
    colour: run.reference ? "reference" : colour % data.run_colours,
    dashed: dashed || run.reference,
    points: pointsOf(run, column),
  });
  const all = (column) => trained.map((each) => series(each, column, each.run.label));
  const losses = trained.length > 1
    ? [["training loss", all(TRAIN)], ["test loss", all(TEST)]]
    : [["loss", [series(trained[0], TRAIN, "training", 0, true), series(trained[0], TEST, "test", 0)]]];
  const accuracies = trained.length > 1 ? all(ACCURACY) : [series(trained[0], ACCURACY, "test accuracy", 0)];
  return [
    ...losses.map(([title, found]) => chart(title, "", found, null)),
    chart("test accuracy", "share", accuracies, target),
  ].filter((spec) => spec.series.some((each) => each.points.some(([, value]) => value !== null)));
}

function chart(title, unit, series, target) {
  const last = (each) => short(each.points.map(([, value]) => value).filter((value) => value !== null).at(-1));
  const describe = () => `${title}: ${series.map((each) => `${each.name} ends at ${last(each)}`).join(", ")}. The figures are in the table below.`;
  return { title, unit, series, target, describe };
}

function showCurves(data, place, page) {
  const charts = chartsOf(data).map((spec) => new Chart(spec, page));
  if (!charts.length) return charts;
  const usable = AXES.map((_, axis) => data.runs.some((run) => axis < 2 || run.cycle_ns !== null));
  const choices = AXES.flatMap(({ name }, axis) => (usable[axis] ? [choice(name, axis, page, charts)] : []));
  const group = create("fieldset", { class: "choices" }, create("legend", {}, "against"), ...choices);
  place.append(group, create("div", { class: "charts" }, ...charts.map((each) => each.figure)));
  return charts;
}

function choice(name, axis, page, charts) {
  const input = create("input", { type: "radio", name: "axis", value: name });
  input.checked = axis === page.axis;
  input.addEventListener("change", () => {
    page.axis = axis;
    for (const each of charts) each.draw();
  });
  return create("label", {}, input, ` ${name}`);
}
