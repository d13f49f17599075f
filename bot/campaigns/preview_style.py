"""How the preview's page looks, by day and by night."""

from typing import Final

STYLE: Final = """
:root {
  --ground: #f4f5f7; --ink: #17191c; --soft: #5c6470; --line: #d9dde3; --card: #ffffff; --accent: #0b6b8a;
  --good: #17693b; --good-ground: #e2f3e8; --bad: #8c2318; --bad-ground: #fbe7e4;
  --chat: #cfe0ea; --bubble: #ffffff; --key: rgba(32, 64, 84, .72); --key-ink: #ffffff; --quote: #3a8fb7;
  --quote-ground: rgba(58, 143, 183, .10); --slack: #ffffff; --slack-line: #bfc3c9; --slack-soft: #616061;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #131518; --ink: #e7e9ec; --soft: #9aa3ae; --line: #2e333a; --card: #1b1e23; --accent: #6cc4e0;
    --good: #8fd9ac; --good-ground: #17301f; --bad: #f3a89e; --bad-ground: #3a1c18;
    --chat: #0f1b24; --bubble: #1d2b36; --key: rgba(120, 160, 185, .26); --key-ink: #f2f6f9; --quote: #6cb7dc;
    --quote-ground: rgba(108, 183, 220, .12); --slack: #1a1d21; --slack-line: #565b63; --slack-soft: #abacad;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", "Noto Sans CJK SC", sans-serif;
}
a { color: var(--accent); }
code { font: .875em ui-monospace, "DejaVu Sans Mono", monospace; }
.top, main { max-width: 74rem; margin: 0 auto; padding: 0 1.5rem; }
.top { padding-top: 2rem; }
.over { margin: 0; color: var(--soft); font-size: .875rem; }
h1 { margin: 0 0 1rem; font-size: 1.75rem; line-height: 1.2; overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: .75rem 2.25rem; margin: 0 0 1.25rem; }
.facts dt { color: var(--soft); font-size: .8125rem; }
.facts dd { margin: 0; }
.fair, .unfair, .missing { margin: 0 0 1rem; padding: .625rem .875rem; border-radius: .5rem; }
.fair { color: var(--good); background: var(--good-ground); }
.unfair { color: var(--bad); background: var(--bad-ground); }
.unfair summary { font-weight: 600; cursor: pointer; }
.unfair ul { margin: .5rem 0 0; padding-inline-start: 1.25rem; }
.unfair li { margin-bottom: .5rem; }
.missing { border: 1px solid var(--line); background: var(--card); }
nav { display: flex; flex-wrap: wrap; gap: .5rem; padding: .25rem 0 .75rem; }
nav a {
  padding: .25rem .75rem; border: 1px solid var(--line); border-radius: 2rem; background: var(--card);
  text-decoration: none;
}
.language { padding-top: 1rem; border-top: 1px solid var(--line); margin-top: 1.5rem; }
h2 { margin: 0 0 .5rem; font-size: 1.375rem; }
h2 code { color: var(--soft); font-weight: 400; }
.step { margin: 0 0 2rem; }
h3 { margin: 1rem 0 .625rem; font-size: 1rem; }
.when { color: var(--soft); font-weight: 400; margin-inline-start: .375rem; font-size: .875rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 23rem), 1fr)); gap: 1.25rem; }
figure { margin: 0; min-width: 0; }
figcaption { color: var(--soft); font-size: .8125rem; margin-bottom: .25rem; }
.chat { background: var(--chat); border-radius: .75rem; padding: 1rem; }
.bubble, .chat .row { max-width: 27rem; }
.bubble {
  background: var(--bubble); border-radius: .9rem .9rem .9rem .25rem; padding: .5rem .75rem; font-size: .9375rem;
  line-height: 1.4; white-space: pre-wrap; overflow-wrap: anywhere; display: flow-root;
}
.bubble[dir="rtl"] { border-radius: .9rem .9rem .25rem .9rem; }
.bubble time { color: var(--accent); }
.bubble i { font-style: normal; color: var(--soft); }
.bubble .stamp { float: inline-end; margin: .375rem 0 0 .75rem; }
.stamp { color: var(--soft); font-size: .75rem; }
details { cursor: default; }
.chat details, .section details { margin: .5rem 0; padding: .375rem .625rem; white-space: pre-wrap; }
.chat details {
  border-inline-start: 3px solid var(--quote); border-radius: .25rem; background: var(--quote-ground);
  font-size: .875rem;
}
.section details { border-inline-start: 4px solid var(--line); padding-block: 0; }
summary { cursor: pointer; margin-bottom: .375rem; }
.chat .row { display: flex; gap: .25rem; margin-top: .25rem; }
.chat .button {
  flex: 1; padding: .5rem .625rem; border-radius: .5rem; background: var(--key); color: var(--key-ink);
  text-align: center; font-size: .875rem; line-height: 1.35; text-decoration: none; overflow-wrap: anywhere;
}
.post {
  display: flex; gap: .625rem; background: var(--slack); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1rem; font-size: .9375rem; line-height: 1.47;
}
.avatar {
  flex: none; width: 2.25rem; height: 2.25rem; border-radius: .5rem; background: var(--accent); color: var(--slack);
  display: grid; place-items: center; font-weight: 700;
}
.said { min-width: 0; flex: 1; }
.by { margin: 0; line-height: 1.2; }
.badge {
  font-size: .625rem; padding: .0625rem .25rem; border-radius: .125rem; background: var(--line);
  color: var(--slack-soft); vertical-align: .125rem;
}
.section, .context { margin-top: .5rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.section time { background: var(--quote-ground); border-radius: .1875rem; padding: 0 .125rem; }
.context { color: var(--slack-soft); font-size: .8125rem; }
.post .row { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: .75rem; }
.post .button {
  padding: .3125rem .75rem; border: 1px solid var(--slack-line); border-radius: .5rem; color: inherit;
  text-decoration: none; font-weight: 600; font-size: .875rem; line-height: 1.4; overflow-wrap: anywhere;
}
@media print {
  .step, .chat, .post { break-inside: avoid; }
  nav { display: none; }
}
"""
