"""Where in a TOML text each key stands: a scanner that follows keys and brackets and skips values.

`tomllib` has accepted the text before it comes here, so this reads only what is needed to count lines: table headers,
dotted and quoted keys, inline tables, arrays, strings of four kinds and comments.
"""

from __future__ import annotations

Path = tuple[str | int, ...]

_SPACE = " \t\r\n"
_BARE_END = " \t\r\n=.]},#"


def lines_of(text: str) -> dict[Path, int]:
    """The 1-based line of every key, table and array element, by its path: `("satellite", 0, "orbit", "ltan")`."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


def line_at(lines: dict[Path, int], path: Path) -> int:
    """The line of `path`, or of the nearest thing around it that has one; 0 if there is none."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return 0


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.lines: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while self._skip():
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _advance(self, count: int = 1) -> None:
        self.line += self.text.count("\n", self.at, self.at + count)
        self.at += count

    def _skip(self, also: str = "") -> bool:
        """Move past blanks, comments and `also`; False at the end of the text."""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif char in _SPACE or char in also:
                self._advance()
            else:
                return True
        return False

    def _header(self) -> Path:
        """`[a.b]` or `[[a.b]]`: the path that the following pairs belong to."""
        line = self.line
        many = self.text.startswith("[[", self.at)
        self._advance(2 if many else 1)
        path = self._inside(self._key("]"))
        self._advance(2 if many else 1)
        if many:
            index = self.counts.get(path, 0)
            self.counts[path] = index + 1
            self.lines.setdefault(path, line)
            path = (*path, index)
        self.lines.setdefault(path, line)
        return path

    def _inside(self, keys: list[str]) -> Path:
        """The path of a header's keys: `[a.b]` under `[[a]]` belongs to the latest `a`."""
        path: Path = ()
        for number, key in enumerate(keys):
            path = (*path, key)
            if number < len(keys) - 1 and path in self.counts:
                path = (*path, self.counts[path] - 1)
        return path

    def _key(self, stop: str) -> list[str]:
        """A dotted key, up to but not including `stop`."""
        parts: list[str] = []
        while self._skip(".") and self.text[self.at] not in stop:
            if self.text[self.at] in "\"'":
                parts.append(self._string())
            else:
                start = self.at
                while self.at < len(self.text) and self.text[self.at] not in _BARE_END:
                    self.at += 1
                if self.at == start:  # not TOML after all: never stand still
                    self._advance()
                parts.append(self.text[start : self.at])
        return parts

    def _pair(self, table: Path) -> None:
        line = self.line
        keys = self._key("=")
        path = table
        for key in keys:
            path = (*path, key)
            self.lines.setdefault(path, line)
        self._advance()
        self._value(path)

    def _value(self, path: Path) -> None:
        if not self._skip():
            return
        char = self.text[self.at]
        if char in "\"'":
            self._string()
        elif char == "[":
            self._array(path)
        elif char == "{":
            self._inline(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                self.at += 1

    def _array(self, path: Path) -> None:
        self._advance()
        index = 0
        while self._skip(",") and self.text[self.at] != "]":
            self.lines.setdefault((*path, index), self.line)
            before = self.at
            self._value((*path, index))
            if self.at == before:  # not TOML after all: never stand still
                self._advance()
            index += 1
        self._advance()

    def _inline(self, path: Path) -> None:
        self._advance()
        while self._skip(",") and self.text[self.at] != "}":
            self._pair(path)
        self._advance()

    def _string(self) -> str:
        quote = self.text[self.at]
        mark = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        start = end = self.at + len(mark)
        while end < len(self.text) and not self.text.startswith(mark, end):
            end += 2 if quote == '"' and self.text[end] == "\\" else 1
        inner = self.text[start:end]
        self._advance(end + len(mark) - self.at)
        while len(mark) == 3 and self.text.startswith(quote, self.at):  # """a quote at the end""""
            self._advance()
        return inner
