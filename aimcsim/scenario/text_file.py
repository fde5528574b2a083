"""Reading of the untrusted texts that a scenario consists of: bounded, UTF-8, free of control characters."""

from __future__ import annotations

import re

from aimcsim.scenario.marks import Draft, Mark, Marks

#: A scenario, model or schedule file beyond this size is a mistake (bytes).
LARGEST_FILE = 8 * 2**20

#: Everything that YAML 1.2 allows in a file; what it leaves out could steer a terminal or hide text.
_NOT_ALLOWED = re.compile("[^\x09\x0a\x0d\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


class TextError(Exception):
    """A file or text cannot be used; `what` says why, `mark` where."""

    def __init__(self, what: str, mark: Mark) -> None:
        self.what = what
        self.mark = mark
        super().__init__(what)

    def draft(self) -> Draft:
        """A draft that holds nothing but this error."""
        draft = Draft(None, Marks(Mark(self.mark.file)))
        draft.fail((), self.what, mark=self.mark, broken=True)
        return draft


def read_bytes(file: str) -> bytes:
    """The content of `file`. Raises TextError, at its first line: missing, a folder, not readable, too large."""
    try:
        with open(file, "rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise TextError("no such file", Mark(file)) from None
    except IsADirectoryError:
        raise TextError("is a folder, not a file", Mark(file)) from None
    except PermissionError:
        raise TextError("no permission to read it", Mark(file)) from None
    except OSError as error:
        raise TextError(f"cannot be read: {error.strerror or 'no such file'}", Mark(file)) from None
    except ValueError:  # a NUL byte, or half of a surrogate pair, in the name
        raise TextError("no such file: not a file name", Mark(file)) from None
    if len(content) > LARGEST_FILE:
        raise TextError(f"must have at most {LARGEST_FILE} bytes", Mark(file))
    return content


def checked_text(content: bytes | str, file: str) -> str:
    """`content` as text. Raises TextError at the first byte or character that no YAML 1.2 file may hold."""
    text = content if isinstance(content, str) else _decoded(content, file)
    found = _NOT_ALLOWED.search(text)
    if found:
        what = f"control character U+{ord(found[0]):04X} is not allowed"
        raise TextError(what, position(text[: found.start()], file))
    return text


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        wrong = content[error.start]
        raise TextError(f"not UTF-8 text: byte 0x{wrong:02x}", position(before, file)) from None


def position(before: str, file: str) -> Mark:
    """The mark of the character that follows the text `before`."""
    lines = (before + "x").splitlines()
    return Mark(file, len(lines), len(lines[-1]))
