"""Malformed scenarios and the exact report on each. `case` adds one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenario.problems import problems_of

CHAIN = "name: x\nmodel: {chain: 3}\ntraining: {samples: 8}\n"
NETWORK = "name: x\nmodel:\n  input: [4]\n  layers:\n"
DIGITS = "data: {name: digits}\ntraining: {epochs: 1}\n"
DENSE = "    - {name: a, type: dense, outputs: 10}\n"
FROM_FILE = "name: x\nmodel: m.yaml\n" + DIGITS
FROM_CSV = CHAIN + "pipeline: {stages: 2, schedule: s.csv}\n"
FROM_CSV_BELOW = CHAIN + "pipeline: {stages: 2, schedule: plans/s.csv}\n"

SPOILT_MODEL = (
    "input: [0]\n"
    "layers:\n"
    "  - {name: a, type: dense, outputs: ten}\n"
    "  - {name: a, name: b, type: relu, slope: 1}\n"
    "los: squared\n"
)

NAME = "must be a name: at most 64 letters, digits, _ and -, not beginning with -"
RUN_NAME = "must be a name: at most 128 letters, digits, _, - and ., not beginning with - or ."
CELL = "must be empty or read like 0F3: virtual stage, then F, B, U or W, then micro-batch"


def case(name: str, text: str | bytes, *report: str, files: dict[str, str | bytes] | None = None) -> Any:
    """One row of the table: a text, the lines it must be told, and the files beside it."""
    return pytest.param(text, files or {}, list(report), id=name)


MALFORMED = [
    # Not a mapping, not YAML, not text.
    case("an empty file", "", "s.yaml:1:1: must be a mapping of keys to values (got nothing)"),
    case(
        "a file of blanks and comments",
        "\n# nothing\n\n",
        "s.yaml:1:1: must be a mapping of keys to values (got nothing)",
    ),
    case(
        "a list instead of a mapping",
        "- name: x\n- seed: 1\n",
        "s.yaml:1:1: must be a mapping of keys to values (got a list)",
    ),
    case("a single value", "just text\n", "s.yaml:1:1: must be a mapping of keys to values (got a single value)"),
    case(
        "a tab as indentation",
        "name: x\nmodel:\n\tchain: 3\n",
        "s.yaml:3:1: not valid YAML: a tab cannot indent, use spaces",
    ),
    case("a reserved character", "name: @x\n", "s.yaml:1:7: not valid YAML: '@' cannot start a value, quote it"),
    case(
        "an unclosed quote", "name: 'x\nmodel: {chain: 3}\n", "s.yaml:1:7: not valid YAML: the quoted text never ends"
    ),
    case("an unclosed bracket", "name: x\nmodel: {chain: [3\n", "s.yaml:3:1: not valid YAML: expected ',' or ']'"),
    case(
        "a colon in the middle of a value",
        "name: a: b\n",
        "s.yaml:1:8: not valid YAML: ':' is not expected here; quote the text or indent it otherwise",
    ),
    case(
        "an unknown escape",
        'name: "a\\qb"\n',
        "s.yaml:1:9: not valid YAML: unknown escape in quoted text; use single quotes or double the backslash",
    ),
    case(
        "a list under a value",
        "name: x\n  - y\n",
        "s.yaml:1:1: model: missing key",
        f"s.yaml:1:7: name: {RUN_NAME} (got 'x - y')",
    ),
    case(
        "wrong indentation",
        "name: x\ntraining:\n    samples: 3\n  epochs: 2\n",
        "s.yaml:4:3: not valid YAML: a key is expected here; check the indentation and the brackets",
    ),
    case(
        "two documents",
        "name: x\n---\nname: y\n",
        "s.yaml:2:1: not valid YAML: only one document is allowed ('---' separates documents)",
    ),
    case("an undefined alias", "name: *who\n", "s.yaml:1:7: not valid YAML: this alias has no anchor"),
    case("an anchor given twice", "name: &a x\nseed: &a 1\n", "s.yaml:2:7: not valid YAML: this anchor is given twice"),
    case(
        "a YAML version of the future",
        "%YAML 3.0\n---\nname: x\n",
        "s.yaml:1:1: not valid YAML: only YAML 1.1 and 1.2 are read",
    ),
    case("bytes that are not UTF-8", b"name: x\nmodel: \xff\xfe\n", "s.yaml:2:8: not UTF-8 text: byte 0xff"),
    case("UTF-16", "name: x\n".encode("utf-16"), "s.yaml:1:1: not UTF-8 text: byte 0xff"),
    case("a NUL byte", "name: x\nmodel: \x00\n", "s.yaml:2:8: control character U+0000 is not allowed"),
    case(
        "an escape sequence in the file", "name: \x1b[31mred\n", "s.yaml:1:7: control character U+001B is not allowed"
    ),
    case(
        "a NUL written as an escape",
        'name: "x\\0y"\nmodel: {chain: 3}\ntraining: {samples: 8}\n',
        f"s.yaml:1:7: name: {RUN_NAME} (got 'x\\x00y')",
    ),
    case(
        "a custom tag",
        ("name: x\nmodel: !python/object:os.system {chain: 3}\ntraining: {samples: 8}\n"),
        "s.yaml:2:8: model: unknown tag !python/object:os.system",
    ),
    case(
        "a Python tag",
        ("name: !!python/name:os.system x\nmodel: {chain: 3}\ntraining: {samples: 8}\n"),
        "s.yaml:1:7: name: unknown tag !!python/name:os.system",
    ),
    case(
        "a tag that its text does not fit",
        CHAIN + "seed: !!int many\n",
        "s.yaml:4:7: seed: does not fit its tag !!int (got many)",
    ),
    case("a set, which YAML 1.2 does not have", CHAIN + "trace: !!set {ops}\n", "s.yaml:4:8: trace: unknown tag !!set"),
    case("nesting without end", "name: " + "[" * 3000 + "]" * 3000, "s.yaml:1:70: nested deeper than 64 levels"),
    case(
        "an alias bomb",
        "a: &a [" + "1," * 900 + "]\nb: &b [" + "*a," * 900 + "]\nc: [" + "*b," * 900 + "]\n",
        "s.yaml:1:848: more than 250000 keys and values (aliases written out)",
    ),
    case(
        "an alias inside its own anchor",
        CHAIN + "data: &d\n  name: none\n  root: *d\n",
        "s.yaml:4:7: data.root: an alias must not stand inside what it stands for",
    ),
    case("a file that is too large", "# " + "x" * (8 * 2**20) + "\n", "s.yaml:1:1: must have at most 8388608 bytes"),
    # Keys.
    case(
        "a duplicate key",
        "name: x\nseed: 1\nmodel: {chain: 3}\ntraining: {samples: 8}\nseed: 2\n",
        "s.yaml:5:1: seed: key given twice, first on line 2",
    ),
    case(
        "a key three times",
        ("seed: 1\nname: x\nmodel: {chain: 3, chain: 4}\ntraining: {samples: 8}\nseed: 2\nseed: 3\n"),
        "s.yaml:3:19: model.chain: key given twice, first on line 3",
        "s.yaml:5:1: seed: key given twice, first on line 1",
        "s.yaml:6:1: seed: key given twice, first on line 1",
    ),
    case(
        "an error inside a repeated part",
        CHAIN + "training: {samples: 8, samples: 9}\n",
        "s.yaml:4:1: training: key given twice, first on line 3",
        "s.yaml:4:24: training.samples: key given twice, first on line 4",
    ),
    case(
        "duplicate keys together with other errors",
        "name: x\nname: y\nmodel: {chain: 0}\ntraining: {samples: 8}\n",
        "s.yaml:2:1: name: key given twice, first on line 1",
        "s.yaml:3:16: model.chain: must be >= 1 (got 0)",
    ),
    case("a number as key", CHAIN + "1: 2\n", "s.yaml:4:1: a key must be text, so quote it (got 1)"),
    case(
        "null, true and a list as keys",
        CHAIN + "null: 1\ntrue: 2\n[a]: 3\n",
        "s.yaml:4:1: a key must be text, so quote it (got null)",
        "s.yaml:5:1: a key must be text, so quote it (got true)",
        "s.yaml:6:1: a key must be text, so quote it",
    ),
    case(
        "a merge key, which YAML 1.2 does not have",
        CHAIN + "link: &l {latency: 1}\nhardware:\n  link:\n    <<: *l\n",
        "s.yaml:4:1: link: unknown key, did you mean hardware.link?",
        "s.yaml:7:5: hardware.link.<<: unknown key",
    ),
    case("an unknown key", CHAIN + "colour: red\n", "s.yaml:4:1: colour: unknown key"),
    case(
        "a misspelt part",
        CHAIN + "pipelines: {stages: 3}\n",
        "s.yaml:4:1: pipelines: unknown key, did you mean pipeline?",
    ),
    case(
        "a misspelt key",
        CHAIN + "pipeline:\n  stages: 3\n  micro_batchs: 2\n",
        "s.yaml:6:3: pipeline.micro_batchs: unknown key, did you mean micro_batches?",
    ),
    case(
        "a key of another part",
        "name: x\nmodel: {chain: 3}\ntraining: {samples: 8, micro_batch: 2}\n",
        "s.yaml:3:24: training.micro_batch: unknown key, did you mean pipeline.micro_batch?",
    ),
    case(
        "a part inside a part",
        ("name: x\nmodel: {chain: 3}\ntraining: {samples: 8, evaluation: {io: perfect}}\n"),
        "s.yaml:3:24: training.evaluation: unknown key, it belongs at the top level",
    ),
    case(
        "a misspelt key of a device",
        CHAIN + "hardware:\n  device: {name: soft-bounds, wmax: 1.0}\n",
        "s.yaml:5:31: hardware.device.wmax: unknown key, did you mean w_max?",
    ),
    case(
        "a parameter the device does not have",
        CHAIN + "hardware:\n  device: {name: ideal, dw_min: 0.1}\n",
        "s.yaml:5:25: hardware.device.dw_min: unknown key",
    ),
    case(
        "cycles and nanoseconds mixed",
        CHAIN + "hardware:\n  timing: {clock_ns: 5.0, forward_ns: 10.0, backward: 2}\n",
        "s.yaml:5:3: hardware.timing.backward_ns: missing key",
        "s.yaml:5:45: hardware.timing.backward: unknown key, did you mean backward_ns?",
    ),
    case("no name", "model: {chain: 3}\ntraining: {samples: 8}\n", "s.yaml:1:1: name: missing key"),
    case("nothing but a name", "name: x\n", "s.yaml:1:1: model: missing key"),
    case(
        "a layer without type, outputs or name",
        NETWORK + "    - {name: a, type: dense}\n    - {name: b}\n    - {type: relu}\n" + DIGITS,
        "s.yaml:5:7: model.layers.0.outputs: missing key",
        "s.yaml:6:7: model.layers.1.type: missing key",
        "s.yaml:7:7: model.layers.2.name: missing key",
    ),
    case(
        "an inline network without input",
        "name: x\nmodel:\n  layers:\n    - {name: a, type: dense, outputs: 2}\n" + DIGITS,
        "s.yaml:2:1: model.input: missing key",
    ),
    case(
        "a half-given learning rate schedule",
        ("name: x\nmodel: {chain: 3}\ntraining:\n  samples: 8\n  learning_rate: {initial: 0.1}\n"),
        "s.yaml:5:3: training.learning_rate.factor: missing key",
        "s.yaml:5:3: training.learning_rate.every_epochs: missing key",
    ),
    case(
        "a device without a name",
        CHAIN + "hardware: {device: {dw_min: 0.1}}\n",
        "s.yaml:4:12: hardware.device.name: missing key",
    ),
    # Types.
    case("text for a number", CHAIN + "seed: one\n", "s.yaml:4:7: seed: must be a whole number (got 'one')"),
    case("a quoted number", CHAIN + "seed: '1'\n", "s.yaml:4:7: seed: must be a whole number (got '1')"),
    case("true for a number", CHAIN + "seed: true\n", "s.yaml:4:7: seed: must be a whole number (got true)"),
    case(
        "a fraction for a count",
        CHAIN + "pipeline: {micro_batch: 1.5}\n",
        "s.yaml:4:25: pipeline.micro_batch: must be a whole number (got 1.5)",
    ),
    case(
        "1e3 for a count",
        CHAIN + "pipeline: {micro_batch: 1e3}\n",
        "s.yaml:4:25: pipeline.micro_batch: must be a whole number (got 1000.0)",
    ),
    case(
        "yes for true",
        CHAIN + "hardware:\n  io: {is_perfect: yes}\n",
        "s.yaml:5:20: hardware.io.is_perfect: must be true or false (got 'yes')",
    ),
    case(
        "a number for a name",
        "name: 12\nmodel: {chain: 3}\ntraining: {samples: 8}\n",
        "s.yaml:1:7: name: must be text (got 12)",
    ),
    case(
        "an empty part", CHAIN + "pipeline:\n", "s.yaml:4:10: pipeline: must be a mapping of keys to values (got null)"
    ),
    case(
        "text for a part",
        CHAIN + "pipeline: gpipe\n",
        "s.yaml:4:11: pipeline: must be a mapping of keys to values (got 'gpipe')",
    ),
    case(
        "a mapping for a number",
        CHAIN + "seed: {value: 1}\n",
        "s.yaml:4:7: seed: must be a whole number (got a mapping)",
    ),
    case(
        "a list for a part",
        "name: x\nmodel: [{chain: 3}]\ntraining: {samples: 8}\n",
        "s.yaml:2:8: model: must be the path of a model file, a network of layers, or `chain:` (got a list of 1 item)",
    ),
    case("a date", CHAIN + "seed: 2024-01-01\n", "s.yaml:4:7: seed: must be a whole number (got '2024-01-01')"),
    case(
        "a wrong timing",
        CHAIN + "hardware: {timing: 5}\n",
        "s.yaml:4:20: hardware.timing: must be the name of a preset, times in cycles, times in "
        "nanoseconds, or `stages:` (got 5)",
    ),
    case(
        "a wrong number of stages",
        CHAIN + "pipeline: {stages: all}\n",
        "s.yaml:4:20: pipeline.stages: must be a whole number, auto, or a list with the layers of "
        "each stage (got 'all')",
    ),
    case(
        "layers of stages that are no lists",
        CHAIN + "pipeline: {stages: [a, b]}\n",
        "s.yaml:4:21: pipeline.stages.0: must be a list (got 'a')",
        "s.yaml:4:24: pipeline.stages.1: must be a list (got 'b')",
    ),
    case(
        "a wrong max_in_flight",
        CHAIN + "pipeline: {max_in_flight: M}\n",
        "s.yaml:4:27: pipeline.max_in_flight: must be M-m+1, 2(M-m)+1, unbounded, a whole number, "
        "or a list of one a stage (got 'M')",
    ),
    case(
        "a max_in_flight with a wrong entry",
        CHAIN + "pipeline: {max_in_flight: [3, 0, 1.5]}\n",
        "s.yaml:4:31: pipeline.max_in_flight.1: must be >= 1 (got 0)",
        "s.yaml:4:34: pipeline.max_in_flight.2: must be a whole number (got 1.5)",
    ),
    case(
        "a wrong schedule",
        CHAIN + "pipeline: {schedule: [gpipe]}\n",
        "s.yaml:4:22: pipeline.schedule: must be the name of a schedule, a .csv file, or `table:` "
        "(got a list of 1 item)",
    ),
    case(
        "a wrong trace",
        CHAIN + "trace: {ops: some}\n",
        "s.yaml:4:14: trace.ops: must be all, none, or a whole number of cycles (got 'some')",
    ),
    case(
        "a wrong learning rate",
        "name: x\nmodel: {chain: 3}\ntraining: {samples: 8, learning_rate: fast}\n",
        "s.yaml:3:39: training.learning_rate: must be a number >= 0, or {initial, factor, every_epochs} (got 'fast')",
    ),
    case(
        "a chain with a wrong length",
        "name: x\nmodel: {chain: many}\ntraining: {samples: 8}\n",
        "s.yaml:2:16: model.chain: must be a whole number (got 'many')",
    ),
    case(
        "a device of a wrong kind",
        CHAIN + "hardware: {device: [ideal]}\n",
        "s.yaml:4:20: hardware.device: must be a mapping of keys to values (got a list of 1 item)",
    ),
    # Choices and ranges.
    case(
        "an unknown data set",
        "name: x\nmodel: {chain: 3}\ndata: {name: imagenet}\ntraining: {samples: 8}\n",
        "s.yaml:3:14: data.name: must be digits, fashion-mnist, mnist, cifar10, cifar100, least-squares or none "
        "(got 'imagenet')",
    ),
    case(
        "a misspelt layer type",
        NETWORK + "    - {name: a, type: dens, outputs: 3}\n" + DIGITS,
        "s.yaml:5:23: model.layers.0.type: must be dense, conv2d, max-pool, average-pool, batch-norm, layer-norm, "
        "dropout, sigmoid, tanh, relu, flatten, global-average-pool, add or concatenate, did you mean dense? "
        "(got 'dens')",
    ),
    case(
        "an unknown device, by bare name",
        CHAIN + "hardware: {device: softbounds}\n",
        "s.yaml:4:20: hardware.device.name: must be ideal, constant-step, linear-step, soft-bounds, "
        "soft-bounds-reference, pow-step, exp-step, piecewise-step, response, response-table, one-sided, reram-es, "
        "reram-sb, reram-array-om, reram-array-hfo2, capacitor, ecram, ecram-mo, idealized, gokmen-vlasov or pcm, "
        "did you mean soft-bounds? (got 'softbounds')",
    ),
    case(
        "an unknown algorithm",
        "name: x\nmodel: {chain: 3}\ntraining: {samples: 8, algorithm: adam}\n",
        "s.yaml:3:35: training.algorithm.name: must be digital-sgd, analog-sgd, tiki-taka, residual-learning, "
        "tiki-taka-v2, residual-learning-v2, c-tiki-taka-v2, agad, multi-tile-residual, mixed-precision, rider or "
        "e-rider "
        "(got 'adam')",
    ),
    case(
        "a misspelt choice",
        "name: x\nmodel: {chain: 3}\ntraining: {samples: 8, reduction: avg}\n",
        "s.yaml:3:35: training.reduction: must be mean or sum (got 'avg')",
    ),
    case(
        "an add layer of one input",
        NETWORK + "    - {name: a, type: add, inputs: [input]}\n" + DIGITS,
        "s.yaml:5:36: model.layers.0.inputs: must have at least 2 items (got a list of 1 item)",
    ),
    case(
        "a dense layer of two inputs",
        NETWORK + "    - {name: a, type: dense, outputs: 2, inputs: [input, input]}\n" + DIGITS,
        "s.yaml:5:50: model.layers.0.inputs: must have at most 1 item (got a list of 2 items)",
    ),
    case(
        "no layers",
        "name: x\nmodel: {input: [4], layers: []}\n" + DIGITS,
        "s.yaml:2:29: model.layers: must have at least 1 item (got a list of 0 items)",
    ),
    case(
        "zero, negative and huge counts",
        CHAIN + ("pipeline:\n  stages: 0\n  micro_batch: -1\n  micro_batches: 1048577\nseed: -5\n"),
        "s.yaml:5:11: pipeline.stages: must be >= 1 (got 0)",
        "s.yaml:6:16: pipeline.micro_batch: must be >= 1 (got -1)",
        "s.yaml:7:18: pipeline.micro_batches: must be <= 1048576 (got 1048577)",
        "s.yaml:8:7: seed: must be >= 0 (got -5)",
    ),
    case(
        "a number beyond 64 bits",
        CHAIN + "seed: 99999999999999999999\n",
        "s.yaml:4:7: seed: must be <= 1000000000000 (got 99999999999999999999)",
    ),
    case(
        "a number of a thousand digits",
        CHAIN + "seed: " + "9" * 1000 + "\n",
        "s.yaml:4:7: seed: a whole number has at most 64 digits (got " + "9" * 119 + "…)",
    ),
    case(
        "a hexadecimal number of ten thousand digits",
        CHAIN + "seed: 0x" + "f" * 10000 + "\n",
        "s.yaml:4:7: seed: a whole number has at most 64 digits (got 0x" + "f" * 117 + "…)",
    ),
    case(
        "NaN and infinities",
        CHAIN + ("hardware:\n  device:\n    name: soft-bounds\n    dw_min: .nan\n    w_max: .inf\n    w_min: -.inf\n"),
        "s.yaml:7:13: hardware.device.dw_min: must be finite (got nan)",
        "s.yaml:8:12: hardware.device.w_max: must be finite (got inf)",
        "s.yaml:9:12: hardware.device.w_min: must be finite (got -inf)",
    ),
    case(
        "a float that overflows",
        CHAIN + "hardware: {io: {out_noise: 1e999}}\n",
        "s.yaml:4:28: hardware.io.out_noise: must be finite (got inf)",
    ),
    case(
        "a NaN learning rate",
        "name: x\nmodel: {chain: 3}\ntraining: {samples: 8, learning_rate: .NaN}\n",
        "s.yaml:3:39: training.learning_rate: must be finite (got nan)",
    ),
    case(
        "a lower bound above zero",
        CHAIN + "hardware: {device: {name: soft-bounds, w_max: -0.5, w_min: 0.5}}\n",
        "s.yaml:4:47: hardware.device.w_max: must be > 0 (got -0.5)",
        "s.yaml:4:60: hardware.device.w_min: must be < 0 (got 0.5)",
    ),
    case(
        "a tile without rows",
        CHAIN + "hardware: {tile: {rows: 0, columns: 2000000}}\n",
        "s.yaml:4:25: hardware.tile.rows: must be >= 1 (got 0)",
        "s.yaml:4:37: hardware.tile.columns: must be <= 1048576 (got 2000000)",
    ),
    case(
        "an accuracy in percent",
        NETWORK + DENSE + "data: {name: digits}\ntraining: {epochs: 1, target_accuracy: 95}\n",
        "s.yaml:7:40: training.target_accuracy: must be <= 1 (got 95)",
    ),
    case(
        "a stage time of zero cycles",
        CHAIN + ("hardware: {timing: {stages: [{forward: 1}, {forward: 0}, {forward: 1, tw: 2}]}}\n"),
        "s.yaml:4:54: hardware.timing.stages.1.forward: must be >= 1 (got 0)",
        "s.yaml:4:71: hardware.timing.stages.2.tw: unknown key",
    ),
    case(
        "a link without bandwidth",
        CHAIN + ("hardware: {link: {bandwidth: 0, value_bytes: 9, capacity: 0, latency: -1}}\n"),
        "s.yaml:4:30: hardware.link.bandwidth: must be > 0 (got 0)",
        "s.yaml:4:46: hardware.link.value_bytes: must be <= 8 (got 9)",
        "s.yaml:4:59: hardware.link.capacity: must be >= 1 (got 0)",
        "s.yaml:4:71: hardware.link.latency: must be >= 0 (got -1)",
    ),
    # Hostile names.
    case(
        "a name that leaves the runs folder",
        "name: ../../etc/passwd\nmodel: {chain: 3}\ntraining: {samples: 8}\n",
        f"s.yaml:1:7: name: {RUN_NAME} (got '../../etc/passwd')",
    ),
    case(
        "a name of dots",
        "name: ..\nmodel: {chain: 3}\ntraining: {samples: 8}\n",
        f"s.yaml:1:7: name: {RUN_NAME} (got '..')",
    ),
    case(
        "a name of HTML",
        ("name: <script>alert(1)</script>\nmodel: {chain: 3}\ntraining: {samples: 8}\n"),
        f"s.yaml:1:7: name: {RUN_NAME} (got '<script>alert(1)</script>')",
    ),
    case(
        "a name with terminal escapes",
        'name: "\\e]0;owned\\a\\e[2J"\nmodel: {chain: 3}\ntraining: {samples: 8}\n',
        f"s.yaml:1:7: name: {RUN_NAME} (got '\\x1b]0;owned\\x07\\x1b[2J')",
    ),
    case(
        "a key with terminal escapes",
        CHAIN + '"\\e[31mseed": 1\n',
        "s.yaml:4:1: \\x1b[31mseed: unknown key, did you mean seed?",
    ),
    case(
        "a key with a line break",
        CHAIN + '"seed: 1\\nfake.yaml:1:1: ok": 1\n',
        "s.yaml:4:1: seed: 1\\nfake.yaml:1:1: ok: unknown key",
    ),
    case(
        "a name that reverses the line",
        'name: "a\\u202Eb"\nmodel: {chain: 3}\ntraining: {samples: 8}\n',
        f"s.yaml:1:7: name: {RUN_NAME} (got 'a\\u202eb')",
    ),
    case(
        "a very long name",
        "name: " + "n" * 5000 + "\nmodel: {chain: 3}\ntraining: {samples: 8}\n",
        f"s.yaml:1:7: name: {RUN_NAME} (got '" + "n" * 118 + "…)",
    ),
    case("a very long key", CHAIN + "k" * 1000 + ": 1\n", "s.yaml:4:1: " + "k" * 119 + "…: unknown key"),
    case(
        "a name of blanks",
        "name: '   '\nmodel: {chain: 3}\ntraining: {samples: 8}\n",
        f"s.yaml:1:7: name: {RUN_NAME} (got '   ')",
    ),
    case(
        "an empty name",
        "name: ''\nmodel: {chain: 3}\ntraining: {samples: 8}\n",
        f"s.yaml:1:7: name: {RUN_NAME} (got '')",
    ),
    case(
        "a name with a line break at its end",
        'name: "x\\n"\nmodel: {chain: 3}\ntraining: {samples: 8}\n',
        f"s.yaml:1:7: name: {RUN_NAME} (got 'x\\n')",
    ),
    case(
        "a layer named as a path",
        NETWORK
        + ("    - {name: ../a, type: relu}\n    - {name: 'a b', type: relu}\n    - {name: '', type: relu}\n")
        + DIGITS,
        f"s.yaml:5:14: model.layers.0.name: {NAME} (got '../a')",
        f"s.yaml:6:14: model.layers.1.name: {NAME} (got 'a b')",
        f"s.yaml:7:14: model.layers.2.name: {NAME} (got '')",
    ),
    case(
        "a name in letters beyond ASCII",
        "name: größe\nmodel: {chain: 3}\ntraining: {samples: 8}\n",
        f"s.yaml:1:7: name: {RUN_NAME} (got 'größe')",
    ),
    # Files that a scenario names.
    case("a model file that is missing", FROM_FILE, "s.yaml:2:8: model: no such file (got 'm.yaml')"),
    case(
        "a model file that is a folder",
        "name: x\nmodel: .\ndata: {name: digits}\ntraining: {epochs: 1}\n",
        "s.yaml:2:8: model: is a folder, not a file (got '.')",
    ),
    case(
        "a model path with a NUL byte",
        'name: x\nmodel: "m\\0.yaml"\ndata: {name: digits}\ntraining: {epochs: 1}\n',
        "s.yaml:2:8: model: no such file: not a file name (got 'm\\x00.yaml')",
    ),
    case(
        "a model path that is too long",
        "name: x\nmodel: " + "m" * 5000 + "\ndata: {name: digits}\ntraining: {epochs: 1}\n",
        "s.yaml:2:8: model: cannot be read: File name too long (got '" + "m" * 118 + "…)",
    ),
    case(
        "an empty model path",
        "name: x\nmodel: ''\ndata: {name: digits}\ntraining: {epochs: 1}\n",
        "s.yaml:2:8: model: must be the path of a model file, a network of layers, or `chain:` (got '')",
    ),
    case(
        "an empty model file",
        FROM_FILE,
        "m.yaml:1:1: model: the file must hold a mapping of keys to values",
        files={"m.yaml": ""},
    ),
    case(
        "a model file that is a list",
        FROM_FILE,
        "m.yaml:1:1: model: the file must hold a mapping of keys to values",
        files={"m.yaml": "- input: [4]\n"},
    ),
    case(
        "a model file with a syntax error",
        FROM_FILE,
        "m.yaml:3:1: model: not valid YAML: a value is expected here",
        files={"m.yaml": "input: [4]\nlayers: [\n"},
    ),
    case(
        "a model file with errors of its own",
        FROM_FILE + "seed: -1\n",
        "s.yaml:5:7: seed: must be >= 0 (got -1)",
        "m.yaml:1:9: model.input.0: must be >= 1 (got 0)",
        "m.yaml:3:37: model.layers.0.outputs: must be a whole number (got 'ten')",
        "m.yaml:4:15: model.layers.1.name: key given twice, first on line 4",
        "m.yaml:4:36: model.layers.1.slope: unknown key",
        "m.yaml:5:1: model.los: unknown key, did you mean loss?",
        files={"m.yaml": SPOILT_MODEL},
    ),
    case(
        "a model file that is no model",
        FROM_FILE,
        "m.yaml:1:1: model.input: missing key",
        "m.yaml:1:1: model.layers: missing key",
        "m.yaml:2:1: model.model: unknown key, it belongs at the top level",
        files={"m.yaml": "name: y\nmodel: {chain: 3}\n"},
    ),
    case(
        "a schedule file that is missing",
        FROM_CSV_BELOW,
        "s.yaml:4:33: pipeline.schedule: no such file (got 'plans/s.csv')",
    ),
    case(
        "a schedule file with wrong cells",
        FROM_CSV,
        f"s.csv:2:5: pipeline.schedule.table.1.1: {CELL} (got '1X0')",
        f"s.csv:4:1: pipeline.schedule.table.2.0: {CELL} (got '2F0 2B0')",
        files={"s.csv": "0F0, 0F1 ,0B0\n1F0,1X0,\n\n2F0 2B0\n"},
    ),
    case(
        "an empty schedule file",
        FROM_CSV,
        "s.csv:1:1: pipeline.schedule: holds no schedule: one row a stage is needed",
        files={"s.csv": "\n , \n"},
    ),
    case(
        "a schedule file that is no text",
        FROM_CSV,
        "s.csv:1:5: pipeline.schedule: not UTF-8 text: byte 0x80",
        files={"s.csv": b"0F0,\x80\n"},
    ),
    case(
        "a schedule file with an open quote",
        FROM_CSV,
        "s.csv:2:1: pipeline.schedule: not valid CSV: unexpected end of data",
        files={"s.csv": '0F0\n"0B0\n'},
    ),
    case(
        "a schedule of too many stages",
        FROM_CSV,
        "s.csv:1:1: pipeline.schedule.table: must have at most 1024 items (got a list of 1025 items)",
        files={"s.csv": "0F0\n" * 1025},
    ),
    case(
        "a table written inline",
        CHAIN + "pipeline: {schedule: {table: [[0F0, 0b0], [], [null, 1F٣]]}}\n",
        f"s.yaml:4:37: pipeline.schedule.table.0.1: {CELL} (got '0b0')",
        "s.yaml:4:48: pipeline.schedule.table.2.0: must be text (got null)",
        f"s.yaml:4:54: pipeline.schedule.table.2.1: {CELL} (got '1F٣')",
    ),
    # Fields that do not go together.
    case(
        "neither epochs nor samples",
        NETWORK + DENSE + "data: {name: digits}\n",
        "s.yaml:1:1: training: missing key: either epochs or samples",
    ),
    case(
        "both epochs and samples",
        NETWORK + DENSE + "data: {name: digits}\ntraining: {epochs: 1, samples: 8}\n",
        "s.yaml:7:32: training.samples: cannot be given together with training.epochs (got 8)",
    ),
    case("a chain without samples", "name: x\nmodel: {chain: 3}\n", "s.yaml:1:1: training: missing key samples"),
    case(
        "a chain with epochs",
        "name: x\nmodel: {chain: 3}\ntraining: {epochs: 1}\n",
        "s.yaml:3:20: training.epochs: needs data; a run with data.name=none takes training.samples (got 1)",
    ),
    case(
        "a chain with data",
        CHAIN + "data: {name: digits}\n",
        "s.yaml:4:14: data.name: must be none, because a chain model computes nothing (got 'digits')",
    ),
    case(
        "a network with epochs but no data",
        NETWORK + DENSE + "training: {epochs: 1}\n",
        "s.yaml:6:20: training.epochs: needs data; a run with data.name=none takes training.samples (got 1)",
    ),
    case(
        "a least-squares problem with other data",
        CHAIN + "data:\n  name: none\n  problem: {inputs: 3}\n",
        "s.yaml:6:12: data.problem: is for data.name=least-squares only, not none",
    ),
    case(
        "a data folder for built-in data",
        NETWORK + DENSE + "data: {name: digits, root: /data}\ntraining: {epochs: 1}\n",
        "s.yaml:6:28: data.root: is for mnist, fashion-mnist, cifar10, cifar100 only, not digits (got '/data')",
    ),
    case(
        "a target accuracy with squared loss",
        NETWORK + DENSE + ("  loss: squared\ndata: {name: digits}\ntraining: {epochs: 1, target_accuracy: 0.9}\n"),
        "s.yaml:8:40: training.target_accuracy: needs model.loss=cross-entropy, not squared (got 0.9)",
    ),
    case(
        "less than one mini-batch",
        CHAIN + "pipeline: {micro_batch: 3, micro_batches: 3}\n",
        "s.yaml:3:21: training.samples: training.samples=8 must be >= pipeline.micro_batch=3 × "
        "pipeline.micro_batches=3",
    ),
    case(
        "epochs that make less than one mini-batch",
        NETWORK + DENSE + ("data: {name: digits, train: 8}\ntraining: {epochs: 2}\npipeline: {micro_batches: 17}\n"),
        "s.yaml:7:20: training.epochs: training.epochs=2 × data.train=8 must be >= "
        "pipeline.micro_batch=1 × pipeline.micro_batches=17",
    ),
    case(
        "an empty stage and a layer in two stages",
        NETWORK
        + DENSE
        + (
            "    - {name: b, type: relu}\n"
            "data: {name: digits}\n"
            "training: {epochs: 1}\n"
            "pipeline:\n"
            "  stages: [[a, b], [], [c, a], [b, b]]\n"
        ),
        "s.yaml:10:20: pipeline.stages.1: stage 2 holds no layer",
        "s.yaml:10:28: pipeline.stages.2.1: layer already stands in stage 1 (got 'a')",
        "s.yaml:10:33: pipeline.stages.3.0: layer already stands in stage 1 (got 'b')",
        "s.yaml:10:36: pipeline.stages.3.1: layer already stands in stage 1 (got 'b')",
    ),
]


@pytest.mark.parametrize(("text", "files", "report"), MALFORMED)
def test_a_malformed_scenario_is_reported_in_full(
    text: str | bytes, files: dict[str, str | bytes], report: list[str]
) -> None:
    assert problems_of(text, files) == report


@pytest.mark.parametrize("text", [CHAIN, NETWORK + DENSE + DIGITS])
def test_the_scenarios_that_the_table_spoils_are_good(text: str) -> None:
    assert problems_of(text) == []
