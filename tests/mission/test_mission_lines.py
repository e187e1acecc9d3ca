"""Every key of a TOML text is found on its line, checked against a text in which each value is its own line number."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from orbitalcloud.mission.lines import line_at, lines_of

TEXT = '''a = 1 # [not] a = table
"quoted key" = 2
[t]
x.y = 4
z = { p = 5, "q.r" = { s = 5 } }
[[list]]
v = [
  8, # a comment with ] and "
  9,
  { w = 10 },
]
s = """
n = 99
"quotes\\"" """
t = 15
l = 'c:\\'
u = 17
[list.sub]
m = 19
[[list]]
v = 21
[[list.deep]]
k = 23
[[list.deep]]
k = 25
'''


def _walk(value: object, path: tuple[str | int, ...] = ()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))
    else:
        yield path, value


def test_each_number_stands_on_the_line_it_names() -> None:
    lines = lines_of(TEXT)
    numbers = [(path, leaf) for path, leaf in _walk(tomllib.loads(TEXT)) if isinstance(leaf, int)]
    assert len(numbers) == 14
    assert [(path, lines[path]) for path, _ in numbers] == numbers


def test_a_missing_key_is_placed_at_its_table() -> None:
    lines = lines_of(TEXT)
    assert line_at(lines, ("list", 1, "absent")) == 20
    assert line_at(lines, ("list", 0, "sub")) == 18
    assert line_at(lines, ("nowhere",)) == 0


@given(st.text(alphabet="ab=.[]{}\"'#,\n \\1", max_size=40))
def test_the_scanner_ends_on_any_text_and_finds_every_key_of_valid_toml(text: str) -> None:
    lines = lines_of(text)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    for path, _ in _walk(data):
        assert 1 <= lines[path] <= text.count("\n") + 1
