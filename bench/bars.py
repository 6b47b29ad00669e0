"""A bar chart as an SVG file."""

from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, NAMES, ROW = 760, 210, 30
OURS = "#1f6f8b"
OTHERS = "#b8c4cc"


def draw(file: Path, values: Mapping[str, float], load: str) -> None:
    """Draw one bar per value, in ticks a second, the first one in our colour."""
    most = max(values.values())
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{ROW * (len(values) + 2)}" '
        'font-family="sans-serif" font-size="14">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="20">Ticks a second: {escape(load)}</text>',
    ]
    for number, (name, value) in enumerate(sorted(values.items(), key=lambda one: -one[1]), 1):
        top = ROW * number + 5
        length = value / most * (WIDTH - NAMES - 90)
        color = OURS if name == next(iter(values)) else OTHERS
        parts += [
            f'<text x="{NAMES - 10}" y="{top + 15}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{NAMES}" y="{top}" width="{length:.0f}" height="{ROW - 10}" fill="{color}"/>',
            f'<text x="{NAMES + length + 6:.0f}" y="{top + 15}">{value:,.0f}</text>',
        ]
    file.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")
