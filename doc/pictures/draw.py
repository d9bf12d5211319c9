"""Draws what came to a terminal as an SVG that loads nothing from elsewhere: pyte is the terminal, rich the painter."""

import io
import re
import sys
from itertools import groupby

import pyte
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.style import Style
from rich.text import Text

WIDTH, HEIGHT = 140, 200


def colour(name):
    if name == "default":
        return None
    if re.fullmatch("[0-9a-f]{6}", name):
        return f"#{name}"
    return name.replace("bright", "bright_").replace("brown", "yellow")


def style(cell):
    return Style(
        color=colour(cell.fg),
        bgcolor=colour(cell.bg),
        bold=cell.bold,
        italic=cell.italics,
        underline=cell.underscore,
        reverse=cell.reverse,
    )


def row(cells):
    text = Text()
    for look, run in groupby((cells[at] for at in range(WIDTH)), key=style):
        text.append("".join(cell.data for cell in run), look)
    text.rstrip()
    return text


source, target = sys.argv[1:]
screen = pyte.Screen(WIDTH, HEIGHT)
with open(source, "rb") as file:
    # pyte leaves out what follows a selector of how an emoji is drawn.
    pyte.ByteStream(screen).feed(file.read().replace("\ufe0f".encode(), b""))
rows = [row(screen.buffer[at]) for at in range(HEIGHT)]
while rows and not rows[-1].plain:
    rows.pop()

console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
console.print(Text("\n").join(rows))
# Rich asks a server for its font: any monospaced one does, with emoji beside it.
without_fonts = re.sub(r"\n\s*@font-face \{\{.*?\n    \}\}", "", CONSOLE_SVG_FORMAT, flags=re.S)
svg = console.export_svg(title="plasma", code_format=without_fonts, unique_id="plasma")
with open(target, "w", encoding="utf-8") as file:
    file.write("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")
