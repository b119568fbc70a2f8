#include "runbooks/engine/report.hpp"

namespace runbooks {

char const* const report_style = R"css(
:root {
  color-scheme: light dark;
  --page: #f6f6f3; --sheet: #ffffff; --ink: #20252d; --soft: #5c6673; --line: #dcdeda; --track: #eceeea;
  --good: #2f7d5b; --bad: #b3372f; --idle: #7b8794; --mind: #97690c; --link: #22629c;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --sheet: #1b1f25; --ink: #dfe3e8; --soft: #98a2ae; --line: #303741; --track: #262c34;
    --good: #5fb48c; --bad: #ec827a; --idle: #8b96a3; --mind: #d9ac55; --link: #86b9e8;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
main, .head, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.5rem; }
.head { padding-top: 2.5rem; }
.head .facts { margin-top: 1rem; }
main { padding-top: 1.25rem; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.15rem; }
h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
h3 .number { color: var(--soft); font-weight: normal; margin-right: .35rem; }
p { margin: .5rem 0; }
.soft, caption, figcaption, .when { color: var(--soft); }
code, pre, .mono { font-family: var(--mono); font-size: .87em; }
a { color: var(--link); }
nav { margin-top: 1.25rem; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.title { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; }
.state { font-weight: 600; white-space: nowrap; color: var(--idle); }
.title .state { border: 1px solid currentColor; border-radius: 1rem; padding: .05rem .75rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .mind { color: var(--mind); }
.sheet {
  background: var(--sheet); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem 1.25rem;
  margin: 0 0 .75rem;
}
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .75rem 1.5rem; }
.facts dt { color: var(--soft); font-size: .85em; }
.facts .wide { grid-column: 1 / -1; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.callout { border-left: 4px solid var(--bad); }
.callout.mind { border-left-color: var(--mind); color: inherit; }
.timeline { list-style: none; margin: 0; padding: .5rem 1.25rem; }
.timeline li {
  display: grid; grid-template-columns: minmax(9rem, 17rem) 1fr minmax(9.5rem, auto); gap: 0 1rem;
  align-items: center; padding: .3rem 0;
}
.timeline li + li { border-top: 1px solid var(--line); }
.timeline .name { overflow-wrap: anywhere; }
.timeline .told { text-align: right; }
.timeline .says { grid-column: 2 / -1; font-size: .9em; overflow-wrap: anywhere; color: var(--soft); }
.timeline .remark { grid-template-columns: 1fr; color: var(--soft); }
.track { height: .6rem; border-radius: .3rem; background: var(--track); position: relative; overflow: hidden; }
.bar {
  position: absolute; top: 0; bottom: 0; left: var(--from); width: max(var(--width), 3px); border-radius: .3rem;
  background: var(--idle);
}
.bar.good { background: var(--good); } .bar.bad { background: var(--bad); }
.bar.mind { background: var(--mind); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .25rem 0; }
caption { text-align: left; padding: .5rem 0 .15rem; }
th, td {
  text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line);
}
th { font-weight: 600; font-size: .87em; color: var(--soft); }
tbody th { white-space: nowrap; width: 12rem; }
td { overflow-wrap: anywhere; white-space: pre-wrap; min-width: 3rem; }
th.number { text-align: right; }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.journal td:last-child { min-width: 14rem; }
td.whole { white-space: nowrap; }
tr:last-child > td, tr:last-child > th { border-bottom: 0; }
thead tr:last-child > th { border-bottom: 1px solid var(--line); }
.step header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; }
.error { border-left: 3px solid var(--bad); padding-left: .75rem; margin: .6rem 0; overflow-wrap: anywhere; }
.error p, .error div { margin: .1rem 0; white-space: pre-wrap; }
summary { cursor: pointer; }
pre {
  margin: .75rem 0 0; padding: .75rem; background: var(--track); border-radius: .35rem; overflow: auto;
  max-height: 40rem; tab-size: 2; white-space: pre-wrap; overflow-wrap: anywhere;
}
footer { padding-top: 1.5rem; padding-bottom: 3rem; color: var(--soft); font-size: .87em; }
@media (max-width: 44rem) {
  .timeline li { grid-template-columns: 1fr auto; }
  .timeline .track { grid-column: 1 / -1; grid-row: 2; }
  .timeline .says { grid-column: 1 / -1; }
}
@media print {
  :root {
    color-scheme: light;
    --page: #fff; --sheet: #fff; --ink: #000; --soft: #444; --line: #bbb; --track: #eee;
    --good: #2f7d5b; --bad: #b3372f; --idle: #7b8794; --mind: #97690c; --link: #000;
  }
  @page { margin: 16mm 14mm; }
  body { font-size: 10pt; }
  table, pre { font-size: 8.5pt; }
  .sheet { box-decoration-break: clone; -webkit-box-decoration-break: clone; }
  main, .head, footer { max-width: none; padding: 0; }
  nav { display: none; }
  h2, h3, caption { break-after: avoid; page-break-after: avoid; }
  tr, .timeline li, .facts, .callout, .error { break-inside: avoid; page-break-inside: avoid; }
  .bar, .track { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .scroll, pre { overflow: visible; max-height: none; }
  details.sheet::details-content { content-visibility: visible; height: auto; }
}
)css";

}  // namespace runbooks
