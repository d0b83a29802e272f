/** The phone page's stylesheet. The two decisions differ in nothing but their words. */
export const PHONE_STYLE = `:root {
  color-scheme: light dark;
  --ink: #1a1f1c;
  --soft: #5d6862;
  --paper: #ffffff;
  --ground: #eef1ef;
  --line: #d5dcd8;
  --accent: #0a6b3d;
  --alarm: #a33a12;
  font: 17px/1.5 system-ui, -apple-system, 'PingFang SC', 'Noto Sans CJK SC', sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e9eeeb;
    --soft: #a3aea8;
    --paper: #1b201d;
    --ground: #101311;
    --line: #39413c;
    --accent: #5fd699;
    --alarm: #ff9e73;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto;
  max-width: 26rem;
  min-height: 100vh;
  padding: max(0.75rem, env(safe-area-inset-top)) 1rem max(1.5rem, env(safe-area-inset-bottom));
  color: var(--ink);
  background: var(--ground);
}
header { display: flex; gap: 1rem; align-items: center; justify-content: space-between; }
header p { margin: 0; font-size: 0.82rem; color: var(--soft); }
main {
  margin-top: 0.75rem;
  padding: 1.25rem;
  background: var(--paper);
  border: 1px solid var(--line);
  border-radius: 1rem;
}
main > :first-child { margin-top: 0; }
main > :last-child { margin-bottom: 0; }
h1 { margin: 0 0 0.75rem; font-size: 1.3rem; line-height: 1.3; overflow-wrap: anywhere; }
h1.good { color: var(--accent); }
h1.bad { color: var(--alarm); }
button, input {
  min-height: 3rem;
  padding: 0.4rem 0.9rem;
  font: inherit;
  color: inherit;
  background: transparent;
  border: 1px solid var(--line);
  border-radius: 0.6rem;
}
button { cursor: pointer; }
button:disabled { opacity: 0.45; cursor: default; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
#language { min-height: 2.25rem; flex: none; font-size: 0.82rem; }
input, .plain { width: 100%; margin-top: 0.75rem; }
.plain { border-color: var(--ink); font-weight: 600; }
.hint, .left { margin: 0.35rem 0 0; font-size: 0.82rem; color: var(--soft); }
.people, .decision { display: grid; grid-template-columns: 1fr 1fr; gap: 0.75rem; }
.numbers { display: grid; grid-template-columns: 1fr 1fr 1fr; gap: 0.75rem; }
.number { font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.number[aria-pressed='true'] { border-color: var(--accent); box-shadow: inset 0 0 0 2px var(--accent); }
.match { margin: 0; font-size: 3rem; line-height: 1.1; font-weight: 700; letter-spacing: 0.1em; }
.match { text-align: center; }
.warning {
  padding: 0.6rem 0.8rem;
  color: var(--alarm);
  border: 1px solid currentColor;
  border-radius: 0.6rem;
  font-weight: 600;
}
.unusual { padding-left: 0.75rem; border-left: 3px solid var(--soft); }
.grave { color: var(--alarm); border-color: currentColor; font-weight: 600; }
.decide { border: 2px solid var(--ink); font-weight: 700; }
.decision > :only-child { grid-column: 1 / -1; }
.left { margin-top: 0.75rem; text-align: center; }
.holder { display: flex; gap: 0.75rem; align-items: center; justify-content: space-between; }
.holder { margin-top: 1.25rem; font-size: 0.82rem; color: var(--soft); }
.holder span { min-width: 4em; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0.3rem 1rem; margin: 0 0 1rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
`
