# SPDX-License-Identifier: BSD-3-Clause
"""Plots of the report, as SVG that takes its colours from the page: bars with their spread, and curves."""
import math
from html import escape

WIDTH = 640
LABEL, VALUE = 190, 130  # room beside bars for their names and figures
BAR, GAP = 16, 8
LEFT, RIGHT, TOP, BOTTOM, HEIGHT = 64, 16, 12, 46, 250
STYLES = 6  # of series in the page's style sheet


def number(value):
    """Short, with as many digits as say something."""
    size = abs(value)
    if size >= 10000:
        return f"{value:,.0f}"
    digits = 0 if size >= 100 or value == 0 else 1 if size >= 10 else 2 if size >= 1 else 3
    text = f"{value:.{digits}f}"
    return f"{value:.2g}" if size and not float(text) else text


def _nice_ticks(most, count=5):
    """Round values from 0 to at least `most`."""
    raw = (most or 1) / count
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * unit for unit in (1, 2, 2.5, 5, 10) if power * unit >= raw * 0.999)
    return [step * i for i in range(math.ceil(most / step - 1e-9) + 1)] if most else [0, step]


def _svg(height, title, parts):
    return (f'<svg class="plot" viewBox="0 0 {WIDTH} {height:.0f}" role="img"><title>{escape(title)}</title>' + "".join(parts) + "</svg>")


def _whisker(x1, y1, x2, y2, across):
    """A line with ends; across: the direction of the ends, (dx, dy)."""
    dx, dy = across
    return (f'<path class="spread" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}M{x1 - dx:.1f} {y1 - dy:.1f}l{2 * dx} {2 * dy}'
            f'M{x2 - dx:.1f} {y2 - dy:.1f}l{2 * dx} {2 * dy}"/>')


def bars(title, unit, rows):
    """rows: [(name, middle, low, high)]"""
    most = max(high for _, _, _, high in rows) or 1
    scale = (WIDTH - LABEL - VALUE) / most
    parts = []
    for i, (name, middle, low, high) in enumerate(rows):
        y = GAP / 2 + i * (BAR + GAP)
        short = name if len(name) <= 30 else name[:29] + "…"
        parts.append(f'<text x="{LABEL - 8}" y="{y + 12:.0f}" text-anchor="end">{escape(short)}</text>'
                     f'<rect class="s{i % STYLES}" x="{LABEL}" y="{y:.0f}" width="{max(middle * scale, 1):.1f}" height="{BAR}"/>')
        if high > low:
            parts.append(_whisker(LABEL + low * scale, y + BAR / 2, LABEL + high * scale, y + BAR / 2, (0, 4)))
        parts.append(f'<text class="value" x="{LABEL + high * scale + 8:.1f}" y="{y + 12:.0f}">{number(middle)} {escape(unit)}</text>')
    return _svg(len(rows) * (BAR + GAP), title, parts)


def _x_places(values):
    """{x: place from 0 to 1}, and whether the places are those of a logarithm. Where there is none, they are even."""
    values = sorted(set(values))
    if len(values) == 1:
        return {values[0]: 0.5}, False
    if values[0] > 0 and values[-1] / values[0] >= 4:
        low, high = math.log(values[0]), math.log(values[-1])
        return {x: (math.log(x) - low) / (high - low) for x in values}, True
    return {x: i / (len(values) - 1) for i, x in enumerate(values)}, False


def _axes(places, ticks, top, unit, x_label):
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for tick in ticks:
        y = bottom - (bottom - TOP) * tick / top
        yield (f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>'
               f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:,g}</text>')
    last = -math.inf
    for x, place in places.items():
        at = LEFT + 20 + place * (right - LEFT - 40)
        yield f'<path class="axis" d="M{at:.1f} {bottom}v4"/>'
        if at - last > 46:  # names that would lie on each other are left out
            last = at
            yield f'<text x="{at:.1f}" y="{bottom + 17}" text-anchor="middle">{_short(x)}</text>'
    yield (f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>'
           f'<text x="{(LEFT + right) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>'
           f'<text x="14" y="{(TOP + bottom) / 2:.0f}" text-anchor="middle" transform="rotate(-90 14 {(TOP + bottom) / 2:.0f})">{escape(unit)}</text>')


def _short(value):
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if value >= max(size, 10_000):
            return f"{value / size:g}{letter}" if value % size == 0 else f"{value / size:.1f}{letter}"
    return f"{value:g}"


def curves(title, unit, x_label, lines):
    """lines: {name: [(x, middle, low, high)]}. From 0, so that no growth looks larger than it is."""
    places, is_log = _x_places([point[0] for points in lines.values() for point in points])
    ticks = _nice_ticks(max(point[3] for points in lines.values() for point in points))
    top, bottom, right = ticks[-1], HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = list(_axes(places, ticks, top, unit, x_label + (", logarithmic" if is_log else "")))
    for i, points in enumerate(lines.values()):
        at = [(LEFT + 20 + places[x] * (right - LEFT - 40), *(bottom - (bottom - TOP) * y / top for y in ys)) for x, *ys in sorted(points)]
        parts.append(f'<polyline class="line l{i % STYLES}" points="{" ".join(f"{x:.1f},{middle:.1f}" for x, middle, _, _ in at)}"/>')
        for x, middle, low, high in at:
            parts.append(_whisker(x, low, x, high, (3, 0)) + f'<circle class="s{i % STYLES}" cx="{x:.1f}" cy="{middle:.1f}" r="3.5"/>')
    for i, name in enumerate(lines):
        y = HEIGHT + 6 + i * 18
        parts.append(f'<rect class="s{i % STYLES}" x="{LEFT}" y="{y}" width="14" height="10"/><text x="{LEFT + 20}" y="{y + 9.5}">{escape(name)}</text>')
    return _svg(HEIGHT + 8 + 18 * len(lines), title, parts)
