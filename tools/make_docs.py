"""`make docs`: remake what the documentation holds of the product's own making.

docs/validation.md (by tools/validate.py), docs/mission.schema.json (from the mission's types), the README's examples
(what `orbital fly genesis-1` prints and, in part, `orbital check genesis-1`), and docs/pictures/*.png (that flight's
report, as chromium shows it). Without chromium the pictures are left as they are, it says so, and the exit code is 1.
`--no-pictures` leaves them out on purpose.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from validate import ROOT
from validate import main as validate

MISSION = "genesis-1"
README = ROOT / "README.md"
END = "<!-- end -->"
SHEET_PARTS = ("light", "margins, tightest first", "what would relax")
"""Of what `orbital check` prints, the groups that the README shows below its verdict."""
PICTURES = ROOT / "docs" / "pictures"
SCHEMA = ROOT / "docs" / "mission.schema.json"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MOST_BYTES = 400_000
WIDTH = 1040
SIGNATURE = b"\x89PNG\r\n\x1a\n"
BELOW = 300
"""Pixels that are taken and cut off again: headless chromium does not paint the last rows of its window."""
PATIENCE_S = 120
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A part of the report: the sections that it shows (with the masthead, or without), its theme and its height."""

    name: str
    theme: str
    sections: tuple[str, ...]
    masthead: bool
    height: int


WANTED = (
    Picture("report-dark", "dark", ("margins", "orbit"), True, 1866),
    Picture("report-light", "light", ("margins", "orbit"), True, 1866),
    Picture("power-heat-light", "light", ("power", "heat"), False, 1480),
)


def main() -> int:
    """Everything in turn; 1 if a validation case is outside its tolerance or the pictures could not be made."""
    parser = argparse.ArgumentParser(prog="make_docs", description="Remake the pages and pictures that commands make.")
    parser.add_argument("--no-pictures", action="store_true", help="leave docs/pictures as it is")
    options = parser.parse_args()
    code = validate(["--markdown"])
    write_schema()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        printed, document = fly(place)
        write_example(f"orbital fly {MISSION}", printed)
        write_example(f"orbital check {MISSION}", parts(sheet(place)))
        return code if options.no_pictures else max(code, make_pictures(document, place))


def write_schema() -> None:
    """docs/mission.schema.json, for editors."""
    from orbitalcloud.mission.schema import schema_text

    SCHEMA.write_text(schema_text())
    print(SCHEMA.relative_to(ROOT))


def fly(place: Path) -> tuple[str, str]:
    """(what the command prints, the report) of a flight of genesis-1 in `place`."""
    orbital = Path(sys.executable).with_name("orbital")
    done = subprocess.run(
        [str(orbital), "fly", MISSION],
        cwd=place,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},  # both streams in the order in which a person sees them
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
    )
    folder = place / "flights" / MISSION
    digest = hashlib.sha256((folder / "log.jsonl").read_bytes()).hexdigest()
    printed = done.stdout.decode()
    assert f"sha256:{digest}" in printed, "the digest is that of the Log"
    return printed, (folder / "report.html").read_text()


def sheet(place: Path) -> str:
    """What `orbital check genesis-1` prints."""
    orbital = Path(sys.executable).with_name("orbital")
    done = subprocess.run([str(orbital), "check", MISSION], cwd=place, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode()


def parts(page: str) -> str:
    """The verdict, and those of a sheet's groups that `SHEET_PARTS` names."""
    verdict, *groups = page.strip().split("\n\n")
    wanted = [group for group in groups if group.strip().startswith(SHEET_PARTS)]
    assert len(wanted) == len(SHEET_PARTS), "the sheet has these groups"
    return "\n\n".join([verdict, *(group.strip("\n") for group in wanted)])


def write_example(command: str, printed: str) -> None:
    """Put what a command printed between its marks in the README."""
    mark = f"<!-- made by `make docs`: {command} -->"
    text = README.read_text()
    head, begin, rest = text.partition(mark)
    _, end, tail = rest.partition(END)
    assert begin, f"README.md has the mark {mark}"
    assert end, f"README.md has the mark {END}"
    README.write_text(f"{head}{mark}\n```\n$ {command}\n{printed.strip()}\n```\n{END}{tail}")
    print(f"README.md: what {command} prints")


def make_pictures(document: str, place: Path) -> int:
    """Let the browser show parts of the report."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        print(
            f"docs/pictures: not remade, for there is none of {', '.join(BROWSERS)}: apt install chromium fonts-inter "
            "fonts-urw-base35, or leave the pictures out with --no-pictures",
            file=sys.stderr,
        )
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    return max(take(browser, document, picture, place) for picture in WANTED)


def take(browser: str, document: str, picture: Picture, place: Path) -> int:
    """One picture; 1 if the browser gives none, or one that is too large for a README."""
    page, made = place / f"{picture.name}.html", place / f"{picture.name}.png"
    page.write_text(dressed(document, picture))
    call = [browser, *FLAGS, f"--user-data-dir={place / 'browser'}", f"--window-size={WIDTH},{picture.height + BELOW}"]
    try:
        done = subprocess.run(
            [*call, f"--screenshot={made}", page.as_uri()], capture_output=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        print(f"{picture.name}: {browser} gave no picture in {PATIENCE_S} s", file=sys.stderr)
        return 1
    if not made.is_file():
        print(f"{picture.name}: no picture: {done.stderr.decode(errors='replace')[-400:]}", file=sys.stderr)
        return 1
    data = cut(made.read_bytes(), picture.height)
    if len(data) > MOST_BYTES:
        print(f"{picture.name}: {len(data)} bytes, at most {MOST_BYTES} are wanted", file=sys.stderr)
        return 1
    (PICTURES / made.name).write_bytes(data)
    print(f"docs/pictures/{made.name}: {len(data) // 1000} kB")
    return 0


def cut(png: bytes, height: int) -> bytes:
    """The first `height` rows of a PNG, without row filters: drawings pack a fifth smaller without them."""
    assert png.startswith(SIGNATURE), "the browser writes PNG"
    header, packed, at = b"", b"", len(SIGNATURE)
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        body = png[at + 8 : at + 8 + size]
        at += 12 + size
        if kind == b"IHDR":
            header = body
        elif kind == b"IDAT":
            packed += body
    width, rows, depth, colour, *_, interlace = struct.unpack(">IIBBBBB", header)
    assert rows >= height, "the window was taller than the picture"
    assert (depth, interlace) == (8, 0), "chromium's screenshots are plain"
    plain = unfiltered(zlib.decompress(packed), width, height, {2: 3, 6: 4}[colour])
    chunks = (
        (b"IHDR", struct.pack(">II", width, height) + header[8:]),
        (b"IDAT", zlib.compress(plain, 9)),
        (b"IEND", b""),
    )
    return SIGNATURE + b"".join(_chunk(kind, body) for kind, body in chunks)


def unfiltered(data: bytes, width: int, height: int, depth: int) -> bytes:
    """The first `height` rows of `depth` bytes a pixel with their filters undone (PNG, third edition, clause 9)."""
    stride = 1 + width * depth
    above, out = bytearray(stride - 1 + depth), bytearray()
    for start in range(0, height * stride, stride):
        kind, row = data[start], bytearray(depth) + data[start + 1 : start + stride]  # `depth` zeros stand on the left
        if kind:
            for x in range(depth, len(row)):
                row[x] = row[x] + predicted(kind, row[x - depth], above[x], above[x - depth]) & 255
        out += b"\0" + row[depth:]
        above = row
    return bytes(out)


def predicted(kind: int, left: int, up: int, corner: int) -> int:
    """What a filter expects of a byte, from its neighbours."""
    if kind == 1:
        return left
    if kind == 2:
        return up
    if kind == 3:
        return (left + up) // 2
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))  # at a tie the first, as the standard says


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def dressed(document: str, picture: Picture) -> str:
    """The report in one theme, with the sections of one picture and without the bar at its top."""
    shown = ",".join(f"#{name}" for name in picture.sections)
    hidden = ["nav", f"main > section:not({shown})"] + ([] if picture.masthead else ["main > header"])
    style = f"<style>{', '.join(hidden)} {{ display: none !important }}</style>"
    assert "<html " in document, "the report has its element"
    assert "</head>" in document, "the report has its head"
    themed = document.replace("<html ", f'<html data-theme="{picture.theme}" ', 1)
    return themed.replace("</head>", style + "</head>", 1)


if __name__ == "__main__":
    sys.exit(main())
