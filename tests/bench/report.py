# SPDX-License-Identifier: BSD-3-Clause
"""What a run of scripts/capacity found, as a table for a terminal and as a page that needs nothing but itself.

Both are made from the JSON of the run, so that `report.py RUN.json PAGE.html` makes the page anew."""
import json
import statistics
import sys
from html import escape

import plot

UNITS = {"us": "µs", "x": "×"}
LOUD = {"missed": "bad", "noise": "doubt", "met": "good", "aim met": "best", "not run": "bad", "-": "none"}
STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6570;--paper:#fff;--line:#d5dae0;--band:#f4f6f8;
--c0:#1f6feb;--c1:#8a949e;--c2:#b08800;--c3:#2da44e;--c4:#a475f9;--c5:#d1495b;--bad:#b42318;--good:#1a7f37;--best:#0a5fd0;--doubt:#9a6700}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaee;--soft:#98a2ad;--paper:#0f1318;--line:#313a44;--band:#181e25;
--c0:#4c94ff;--c1:#7d8894;--c2:#d6a520;--c3:#46c066;--c4:#b792ff;--c5:#f0707f;--bad:#ff7b72;--good:#56d364;--best:#79b8ff;--doubt:#e3b341}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:64rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .3rem}h2{font-size:1.3rem;margin:2.6rem 0 .4rem;padding-top:.8rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1.6rem 0 .3rem}p{margin:.4rem 0}.soft{color:var(--soft)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--soft)}td.n,th.n{text-align:right;white-space:nowrap}tbody tr:hover{background:var(--band)}
.u{white-space:nowrap}.v{font-weight:600;white-space:nowrap}.bad{color:var(--bad)}.good{color:var(--good)}.best{color:var(--best)}.doubt{color:var(--doubt)}.none{color:var(--soft)}
.loud{border:2px solid var(--doubt);border-radius:6px;padding:.6rem 1rem;margin:1rem 0;background:var(--band)}.loud.stop{border-color:var(--bad)}
.plot{display:block;width:100%;max-width:44rem;height:auto;margin:.5rem 0 1rem;font:12px system-ui,sans-serif}.plot text{fill:var(--ink)}
.grid{stroke:var(--line);fill:none}.axis,.spread{stroke:var(--ink);fill:none}.spread{stroke-width:1.2;opacity:.75}.line{fill:none;stroke-width:2}
.s0{fill:var(--c0)}.s1{fill:var(--c1)}.s2{fill:var(--c2)}.s3{fill:var(--c3)}.s4{fill:var(--c4)}.s5{fill:var(--c5)}
.l0{stroke:var(--c0)}.l1{stroke:var(--c1)}.l2{stroke:var(--c2)}.l3{stroke:var(--c3)}.l4{stroke:var(--c4)}.l5{stroke:var(--c5)}
ul{margin:.3rem 0;padding-left:1.2rem;font-size:.9rem;color:var(--soft)}
@media print{body{max-width:none;padding:0;font-size:11px}h2{break-after:avoid}table,.plot,.keep{break-inside:avoid}.wide{overflow:visible}}
"""
METHOD = ("Machines drift by more than what is to be told apart: nothing is measured for long and then compared. What is compared is measured one "
          "after the other, again and again (A B A B …), a first round is thrown away, every other round goes backwards, and each round has a quotient "
          "of its own. Shown are the median of the rounds and, behind it, the lowest and the highest. "
          "“Noise” stands where rounds contradict each other about a limit and their middle half is wider than a tenth of the median.")


def unit_of(result):
    return "×" if result["ratio"] else UNITS.get(result["unit"], result["unit"])


def with_unit(text, result):
    return f"{text} {unit_of(result)}".rstrip()


def limit(result, key):
    if result[key] is None:
        return ""
    return f"{'≥' if result['better'] == 'more' else '≤'} {result[key]:g}" + ("" if result["ratio"] else f" {unit_of(result)}")


def measured(result):
    """Median and spread, in words."""
    if result["not_run"]:
        return "not run"
    low, high = plot.number(result["low"]), plot.number(result["high"])
    return with_unit(plot.number(result["median"]), result) + (f" ({low} … {high})" if low != high else "")


def results_of(found, only_wanted=False):
    for row in found["rows"]:
        for result in row["results"]:
            if not only_wanted or result["least"] is not None or result["aim"] is not None:
                yield result


def warnings(found):
    """What a reader has to know before any figure."""
    if found["quick"]:
        yield "A quick run: it shows that everything works. Its windows are too short, and its rounds too few, for figures."
    for sentence in found["noise"]:
        yield f"THIS RUN MEASURES NOISE: {sentence}."


def text(found):
    """The table that ends a run in a terminal."""
    rows = [(f"{result['row']}: {result['name']}", limit(result, "least"), limit(result, "aim"), measured(result), result["verdict"])
            for result in results_of(found, True)]
    head = ("figure", "at least", "aim", "measured: median (low … high)", "verdict")
    widths = [max(len(cells[i]) for cells in [head, *rows]) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip() for cells in [head, *rows]]
    others = sum(1 for _ in results_of(found)) - len(rows)
    lines.append(f"and {others} figures of which nothing is wanted; --json and --report have all of them")
    return "\n".join(lines + [f"*** {sentence}" for sentence in warnings(found)])


def table(head, rows, numbers=()):
    """Cells are HTML already."""
    def line(cells, kind):
        return "<tr>" + "".join(f'<{kind}{" class=" + chr(34) + "n" + chr(34) if i in numbers else ""}>{cell}</{kind}>' for i, cell in enumerate(cells)) + "</tr>"
    top = f"<thead>{line(head, 'th')}</thead>" if head else ""
    return f'<div class="wide"><table>{top}<tbody>{"".join(line(cells, "td") for cells in rows)}</tbody></table></div>'


def verdict(result):
    return f'<span class="v {LOUD[result["verdict"]]}">{escape(result["verdict"])}</span>'


def wanted_table(found):
    rows = [(escape(result["name"]), escape(limit(result, "least")), escape(limit(result, "aim")), escape(measured(result)), verdict(result))
            for result in results_of(found, True)]
    return table(("figure", "at least", "aim", "measured", "verdict"), rows, (1, 2, 3))


def series_cell(result):
    unit = escape(UNITS.get(result["unit"], result["unit"]))
    return "<br/>".join(f'{escape(name)}: <span class="u">{plot.number(statistics.median(values))} {unit}</span>' for name, values in result["series"].items())


def row_table(row):
    rows = [(escape(result["name"]), series_cell(result), escape(measured(result)),
             escape(", aim ".join(filter(None, (limit(result, "least"), limit(result, "aim"))))), verdict(result)) for result in row["results"]]
    return table(("what", "measured", "figure", "wanted", "verdict"), rows, (2, 3))


def points(result, name):
    values = result["series"][name]
    return statistics.median(values), min(values), max(values)


def row_plots(row):
    groups = {}
    places = {(result["group"], result["x"]) for result in row["results"] if result["group"] and result["x"] is not None}
    curves = {group for group, _ in places if sum(group == other for other, _ in places) > 1}
    for result in row["results"]:
        if result["not_run"]:
            continue
        if result["group"] in curves:
            groups.setdefault(result["group"], []).append(result)
        elif len(result["series"]) > 1:
            bars = [(name, *points(result, name)) for name in result["series"]]
            yield f'<div class="keep"><h3>{escape(result["name"])}</h3>{plot.bars(result["name"], UNITS.get(result["unit"], result["unit"]), bars)}</div>'
    for group, results in groups.items():
        lines = {}
        for result in results:
            for name in result["series"]:
                lines.setdefault(name, []).append((result["x"], *points(result, name)))
        unit, label = results[0]["unit"], results[0]["x_label"] or group
        yield f'<div class="keep"><h3>{escape(group)}</h3>{plot.curves(group, UNITS.get(unit, unit), label, lines)}</div>'


def row_notes(row):
    notes = {}  # said once for all results that say the same
    for result in row["results"]:
        for note in [*result["notes"], *([f"Not run: {result['not_run']}"] if result["not_run"] else [])]:
            notes.setdefault(note, []).append(result["name"])
    lines = [f"<li>{escape(', '.join(names)) + ': ' if len(names) < len(row['results']) else ''}{escape(note)}</li>" for note, names in notes.items()]
    return f"<h3>Notes</h3><ul>{''.join(lines)}</ul>" if lines else ""


def row_part(row):
    head = f'<h2 id="{escape(row["row"])}">{escape(row["title"])}</h2><p>{escape(row["about"])}</p>'
    if why := row["not_run"] or row["error"]:
        return head + f'<p class="loud stop"><b>{"Not run" if row["not_run"] else "Failed"}:</b> {escape(why)}</p>'
    sums = sum(len(result["totals"]) for result in row["results"])
    told = f'<p class="soft">{sums} totals were checked, and all add up.</p>' if sums else ""
    return head + row_table(row) + told + "".join(row_plots(row)) + row_notes(row)


def machine_part(found):
    watch = found["watch"]
    load = ", ".join(f"{value:.2f}" for value in watch["load_after_rows"])
    rows = [(escape(name), escape(value)) for name, value in found["machine"].items()]
    rows.append(("load average", f"{watch['load_before']:.2f} before, then after each row: {load}"))
    rows.append(("time taken by the hypervisor", f"{100 * watch['stolen']:.2f} % of the run"))
    loops = watch["loops_ms"]
    rows.append(("a fixed loop on the core under test", f"{min(loops):.2f} … {max(loops):.2f} ms"))
    return "<h2>The machine</h2>" + table((), rows)


def page(found):
    """A page of XHTML syntax, so that it can be checked for being whole."""
    loud = "".join(f'<p class="loud"><b>{escape(sentence)}</b></p>' for sentence in warnings(found))
    title = "op25b: what filtering costs over not filtering"
    method = (f"{METHOD} Rounds: {found['rounds']}; a window of {found['seconds_a_window']:g} s where nothing else is said; "
              f"the whole run took {found['seconds'] / 60:.1f} minutes.")
    return (f'<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><meta charset="utf-8"/>'
            f'<meta name="viewport" content="width=device-width,initial-scale=1"/><title>{title}</title><style>{STYLE}</style></head><body>'
            f'<h1>{title}</h1><p class="soft">{escape(found["machine"]["date"])}, {escape(found["machine"]["CPU"])}, '
            f'op25b {escape(found["machine"]["op25b"])}, made by <code>scripts/capacity</code></p>{loud}'
            f"<h2>Wanted and measured</h2>{wanted_table(found)}<h2>How it was measured</h2><p>{escape(method)}</p>"
            + machine_part(found) + "".join(row_part(row) for row in found["rows"]) + "</body></html>\n")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as run, open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write(page(json.load(run)))
