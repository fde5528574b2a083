"""Safe reading of YAML 1.2 into plain data, with the place of every key and value.

yamlcore's loader resolves plain scalars by the YAML 1.2 core schema (`on` is text, `1e3` a number). The rest is done
here, on the node graph: yamlcore stops at the first duplicate key and knows no limits, while libyaml's composer
recurses without bound, so that a deeply nested file would end the process.
"""

from __future__ import annotations

import itertools
from typing import Any

import yaml
from yamlcore import CCoreLoader

from aimcsim.errors import NOT_SHOWN
from aimcsim.scenario.marks import Draft, FieldPath, Mark, Marks, Spelled
from aimcsim.scenario.text_file import TextError, checked_text, read_bytes

#: Deepest nesting of lists and mappings; a scenario needs about six levels.
DEEPEST = 64
#: Most keys and values, aliases written out.
MOST_NODES = 250_000
#: Longest whole number that is read (characters).
LONGEST_INTEGER = 64

_CORE = "tag:yaml.org,2002:"
_SCALAR_TAGS = {_CORE + kind for kind in ("str", "int", "float", "bool", "null")}

#: libyaml's words for common slips, and what to do about them.
_ADVICE = {
    "mapping values are not allowed in this context": "':' is not expected here; quote the text or indent it otherwise",
    "did not find expected key": "a key is expected here; check the indentation and the brackets",
    "could not find expected ':'": "':' is expected after a key",
    "found unexpected end of stream": "the quoted text never ends",
    "did not find expected <document start>": "a scenario is one mapping of keys to values; check the indentation",
    "did not find expected node content": "a value is expected here",
    "block sequence entries are not allowed in this context": "'-' is not expected here; check the indentation",
    "found undefined alias": "this alias has no anchor",
    "found unknown escape character": "unknown escape in quoted text; use single quotes or double the backslash",
    "second occurrence": "this anchor is given twice",
    "found incompatible YAML document": "only YAML 1.1 and 1.2 are read",
    "but found another document": "only one document is allowed ('---' separates documents)",
}


def read_yaml(file: str) -> Draft:
    """The content of a YAML file; what is wrong with it is in `findings`, nothing is raised."""
    try:
        return parse_yaml(read_bytes(file), file)
    except TextError as error:
        return error.draft()


def parse_yaml(content: bytes | str, file: str) -> Draft:
    """`content` as plain data (dict, list, str, int, float, bool, None); an empty text gives None. Raises nothing."""
    try:
        text = checked_text(content, file)
        _refuse_depth_and_size(text, file)
        node = CCoreLoader(text).get_single_node()
    except TextError as error:
        return error.draft()
    except yaml.MarkedYAMLError as error:
        return _syntax_error(error, text, file).draft()
    except yaml.YAMLError as error:
        return TextError(f"not valid YAML: {error}", Mark(file)).draft()
    if node is None:
        return Draft(None, Marks(Mark(file)))
    return _Reader(file).read(node)


def _refuse_depth_and_size(text: str, file: str) -> None:
    """Raises TextError where composing `text` could exhaust the stack or the memory; looks at events only."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=CCoreLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise TextError(f"nested deeper than {DEEPEST} levels", _mark(event.start_mark, file))
        if count > 2 * MOST_NODES:
            raise TextError(f"more than {MOST_NODES} keys and values", _mark(event.start_mark, file))


def _syntax_error(error: yaml.MarkedYAMLError, text: str, file: str) -> TextError:
    mark = error.problem_mark or error.context_mark
    what = str(error.problem or error.context)
    if what == "found character that cannot start any token" and mark is not None:
        lines = text.splitlines()
        line = lines[mark.line] if mark.line < len(lines) else ""
        character = line[mark.column : mark.column + 1]
        tab = "a tab cannot indent, use spaces"
        advice = tab if character == "\t" else f"{character!r} cannot start a value, quote it"
    else:
        advice = _ADVICE.get(what, what.removeprefix("did not find ").removeprefix("the "))
    if what == "found unexpected end of stream":
        mark = error.context_mark or mark
    return TextError(f"not valid YAML: {advice}", _mark(mark, file) if mark else Mark(file))


def _mark(mark: Any, file: str) -> Mark:
    return Mark(file, mark.line + 1, mark.column + 1)


class _Reader:
    """Turns a node graph into a draft; every alias is written out, so that later changes stay where they are made."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._scalars = CCoreLoader("")
        self._count = itertools.count(1)
        self._open: set[int] = set()
        self.draft = Draft(None, Marks(Mark(file)))

    def read(self, node: yaml.Node) -> Draft:
        try:
            self.draft.data = self._value(node, (), None)
        except TextError as error:
            return error.draft()
        return self.draft

    def _value(self, node: yaml.Node, path: FieldPath, key: Mark | None) -> Any:
        mark = _mark(node.start_mark, self._file)
        if next(self._count) > MOST_NODES:
            raise TextError(f"more than {MOST_NODES} keys and values (aliases written out)", mark)
        if len(path) > DEEPEST:
            raise TextError(f"nested deeper than {DEEPEST} levels (aliases written out)", mark)
        self.draft.marks.add(path, mark, key)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path, mark)
        if id(node) in self._open:
            return self._broken(path, "an alias must not stand inside what it stands for", mark)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode) and node.tag == _CORE + "seq":
                return [self._value(item, (*path, number), None) for number, item in enumerate(node.value)]
            if isinstance(node, yaml.MappingNode) and node.tag == _CORE + "map":
                return self._mapping(node, path)
        finally:
            self._open.discard(id(node))
        return self._broken(path, f"unknown tag {_tag(node.tag)}", mark)

    def _mapping(self, node: yaml.MappingNode, path: FieldPath) -> dict[str, Any]:
        first: dict[str, Mark] = {}
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            mark = _mark(key_node.start_mark, self._file)
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != _CORE + "str":
                got = Spelled(key_node.value) if isinstance(key_node, yaml.ScalarNode) else NOT_SHOWN
                self.draft.fail(path, "a key must be text, so quote it", got, mark)
                continue
            key = key_node.value
            if key in first:
                self.draft.fail((*path, key), f"key given twice, first on line {first[key].line}", mark=mark)
                self._check_only(value_node, (*path, key))
                continue
            first[key] = mark
            values[key] = self._value(value_node, (*path, key), mark)
        return values

    def _check_only(self, node: yaml.Node, path: FieldPath) -> None:
        """Look for errors in the value of a repeated key, whose marks and data are not used."""
        kept, self.draft = self.draft, Draft(None, Marks(Mark(self._file)))
        try:
            self._value(node, path, None)
        finally:
            kept.findings.extend(self.draft.findings)
            self.draft = kept

    def _scalar(self, node: yaml.ScalarNode, path: FieldPath, mark: Mark) -> Any:
        if node.tag not in _SCALAR_TAGS:
            return self._broken(path, f"unknown tag {_tag(node.tag)}", mark)
        if node.tag == _CORE + "int" and len(node.value) > LONGEST_INTEGER:
            return self._broken(path, f"a whole number has at most {LONGEST_INTEGER} digits", mark, Spelled(node.value))
        try:
            return self._scalars.construct_object(node)
        except (ValueError, KeyError, IndexError):  # an explicit tag that the text does not fit, as in `!!int x`
            return self._broken(path, f"does not fit its tag {_tag(node.tag)}", mark, Spelled(node.value))

    def _broken(self, path: FieldPath, what: str, mark: Mark, got: Any = NOT_SHOWN) -> None:
        self.draft.fail(path, what, got, mark, broken=True)


def _tag(tag: str) -> str:
    return tag.replace(_CORE, "!!", 1)
