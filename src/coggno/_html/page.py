"""The page around a report: its head, its style sheet, and a policy that lets nothing in from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from .parts import text

# The policy makes the browser itself refuse scripts and requests: a name that slipped through could still do nothing.
_HEAD: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header><h1>{title}</h1><p>{subtitle}</p></header>
<main>
"""
_END: Final = "</main>\n</body>\n</html>\n"

# Colors that people with a color vision deficiency can tell apart; every color also stands beside a word.
_STYLE: Final = """\
:root { color-scheme: light dark; --good: #1b7f5c; --open: #e0a126; --bad: #b5412b; --none: #cdd2d9; --other: #4a6fa5;
  --ink: #1d2129; --soft: #5b6270; --paper: #fff; --line: #dfe3e8; --card: #f5f7f9; }
@media (prefers-color-scheme: dark) {
  :root { --good: #3fb68b; --open: #e8b650; --bad: #e2725b; --none: #454c56; --other: #7d9fd0;
    --ink: #e6e8eb; --soft: #a3a9b4; --paper: #16181c; --line: #343a42; --card: #1f2329; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.25rem; }
header p, p { color: var(--soft); max-width: 45rem; }
.cards { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0; }
.cards div { flex: 1 1 8rem; padding: .75rem 1rem; border-radius: .5rem; background: var(--card); color: var(--soft); }
.cards strong { display: block; font-size: 1.5rem; color: var(--ink); font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th { text-align: left; font-weight: 600; overflow-wrap: anywhere; }
th, td { padding: .3rem .75rem .3rem 0; vertical-align: top; }
thead th { color: var(--soft); font-size: .8rem; }
tbody tr { border-top: 1px solid var(--line); }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; padding-right: 0; }
.wide { overflow-x: auto; }
.wide table { min-width: 42rem; }
.wide th { overflow-wrap: normal; }
.chart { margin: 1rem 0; }
.chart caption { text-align: left; font-weight: 600; padding-bottom: .5rem; }
.chart thead th:last-child { text-align: right; padding-right: 0; }
.chart tbody th { width: 28%; font-weight: 400; }
.chart svg { display: block; width: 100%; height: 1rem; margin-top: .25rem; border-radius: .2rem;
  background: var(--card); }
.chart td.n { width: 11rem; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; font-weight: 400; font-size: .8rem; color: var(--soft); }
.legend i { display: inline-block; width: .8em; height: .8em; margin-right: .35em; border-radius: .15em; }
rect.good { fill: var(--good); } .legend .good i { background: var(--good); }
rect.open { fill: var(--open); } .legend .open i { background: var(--open); }
rect.bad { fill: var(--bad); } .legend .bad i { background: var(--bad); }
rect.none { fill: var(--none); } .legend .none i { background: var(--none); }
rect.other { fill: var(--other); } .legend .other i { background: var(--other); }
tr.good td:first-child { box-shadow: inset .25rem 0 var(--good); padding-left: .75rem; }
tr.open td:first-child { box-shadow: inset .25rem 0 var(--open); padding-left: .75rem; }
tr.bad td:first-child { box-shadow: inset .25rem 0 var(--bad); padding-left: .75rem; }
tr.none td:first-child { box-shadow: inset .25rem 0 var(--none); padding-left: .75rem; }
tr.other td:first-child { box-shadow: inset .25rem 0 var(--other); padding-left: .75rem; }
details details { margin: .5rem 0 0 1rem; }
details { border-top: 1px solid var(--line); padding: .5rem 0; content-visibility: auto; }
summary { cursor: pointer; font-weight: 600; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  .chart, .chart tbody, .chart caption { display: block; } .chart thead { display: none; }
  .chart tr { display: grid; grid-template-columns: 1fr auto; padding: .4rem 0; }
  .chart tbody th, .chart td.n { width: auto; } .chart td:nth-child(2) { grid-area: 2 / 1 / 3 / 3; padding: 0; }
}
@media print {
  body { max-width: none; } details { content-visibility: visible; } thead { display: table-header-group; }
}
"""


def page(title: str, subtitle: str, body: Iterable[str]) -> Iterator[str]:
    """Yield a whole page, piece by piece.

    Args:
        title: heading and name of the page.
        subtitle: a sentence below it, such as what was counted and when.
        body: finished HTML.
    """
    yield _HEAD.format(title=text(title), subtitle=text(subtitle), style=_STYLE)
    yield from body
    yield _END
