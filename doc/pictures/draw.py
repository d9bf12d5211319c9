"""Draws a text with terminal colours as an SVG that loads nothing from elsewhere."""

import io
import re
import sys

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

source, target = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    text = file.read().rstrip("\n")

console = Console(record=True, width=120, file=io.StringIO(), force_terminal=True, color_system="truecolor")
console.print(Text.from_ansi(text))
# Rich asks a server for its font: any monospaced one does, with emoji beside it.
without_fonts = re.sub(r"\n\s*@font-face \{\{.*?\n    \}\}", "", CONSOLE_SVG_FORMAT, flags=re.S)
svg = console.export_svg(title="plasma", code_format=without_fonts, unique_id="plasma")
with open(target, "w", encoding="utf-8") as file:
    file.write("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")
