"""One line for every figure that aimcsim reports: what exactly it is."""

from __future__ import annotations

DEFINITIONS: dict[str, str] = {
    "samples": "training samples that the run was to take, whole mini-batches; a diverged run stopped before",
    "makespan_cycles": "last end minus first start of any action, fill and drain included",
    "period_cycles": "cycles per micro-batch between U commits of the first stage over the middle half of the run",
    "cycle_ns": "length of a clock cycle in nanoseconds; null where the scenario gives none",
    "cycles_per_sample": "makespan / samples; null for a run that diverged",
    "computation_density": "busy stage cycles / (stages x makespan) = 1 - bubble fraction",
    "utilisation": "busy cycles / makespan of each tile or digital unit, by tile operations",
    "staleness": "updates of the stage that a serial run with the same mini-batches would have applied before an "
    "action and that the action did not see",
    "peak_in_flight": "most micro-batches (per chunk) whose F had started and whose own U had not committed",
    "state": "what the run keeps: arrays, their tiles and the devices of all layers, numbers kept digitally beside "
    "them by the algorithm and as weights of digital layers, and pair_values: numbers of the (x, error) pairs held at "
    "the peaks in flight until their updates",
    "peak_activations": "most micro-batches (per chunk) whose F had started and whose B (or W) had not ended",
    "buffers": "what waits on each link that passes over a stage (F: values of a skip, B: its errors), from the end of "
    "the action that made it to the start of the one that takes it, most micro-batches at once",
    "bottleneck": "what bounds the period: the maximum cycle ratio of the schedule's event graph, or for policies "
    "and data-dependent times the critical path of the log over the middle half",
    "durations": "fixed: no time depends on the data; nominal: pulse trains taken at their desired length; "
    "measured: as the data needed them",
    "status": "completed, or diverged at the first loss that is not finite",
    "energy_j": "energy in joules: counts of what was done x unit costs, and idle power of the tiles; null where the "
    "hardware has no unit costs",
    "energy": "the lines that energy_j is the sum of, what was done but has no unit cost, and joules by tile",
    "area_mm2": "area of all tiles; null where the hardware gives none",
    "area": "the lines that area_mm2 is the sum of",
    "digital_memory": "what the algorithm keeps digitally beside its arrays, at one byte a value, and bits that move "
    "for a sample, as the papers' tables count them",
    "stage_actions": "number and cycles of each stage's actions, by kind, and the longest unit of each step of one "
    "with its nominal cycles",
    "unit_times": "the times that durations are made of, and where they are from",
    "train_loss": "mean training loss per sample since the row before",
    "test_loss": "mean loss per test sample, with the arrays as each stage committed that update",
    "test_accuracy": "share of test samples whose largest output is at their label",
    "excess_loss": "training loss f(W) - f(W*) of exact products, W* the least-squares solution; of least squares with "
    "one dense layer without bias only, as the three below",
    "squared_gradient": "squared norm of the gradient of f at W",
    "squared_distance": "squared distance of W from W*",
    "largest_weight": "largest magnitude of a weight",
    "optimum": "excess_loss, squared_gradient, squared_distance and largest_weight, each its mean over the evaluations "
    "in the last fifth of the samples",
    "cycles_to_target": "cycle of the first evaluated row at or past the target accuracy",
    "samples_to_target": "samples of the first evaluated row at or past the target accuracy",
    "step_per_sample": "factor of one sample's gradient in the first update: learning rate / samples averaged over",
    "epoch": "samples / size of the training set",
    "cycle": "last of the commits that complete the evaluated update on every stage",
    "seconds": "cycle x cycle length; null where the clock is unknown",
    "wall_seconds": "host time of the simulation",
    "fast_forward": "micro-batches and cycles that repeat what came before them and were counted without being "
    "simulated, and how often it repeats; of operations that touch skipped_cycles the op log may lack any; null: none",
}
