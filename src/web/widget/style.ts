const DARK =
  '--bg:#1b201d;--ink:#e9eeeb;--soft:#a9b4ae;--line:#39413c;--good:#5fd699;--bad:#ff9e73;--on:#06281a'

/**
 * The stylesheet, without line breaks: bytes count here. Names with `--scenepass-` are for the page,
 * the short ones are our own.
 */
export const STYLE = `\
:host{display:block;max-width:22em;--bg:#fff;--ink:#1a1f1c;--soft:#56615b;--line:#d5dcd8;--good:#0a6b3d;--bad:#a33a12;--on:#fff}\
:host([hidden]),[hidden]{display:none!important}\
:host([theme=dark]){${DARK}}\
@media(prefers-color-scheme:dark){:host(:not([theme=light])){${DARK}}}\
*{box-sizing:border-box;margin:0}\
section{display:grid;grid-template-columns:minmax(0,1fr);justify-items:center;gap:.6em;padding:1.5em;text-align:center;line-height:1.45;overflow-wrap:anywhere;color:var(--scenepass-color,var(--ink));background:var(--scenepass-background,var(--bg));border:1px solid var(--line);border-radius:1em;outline:0}\
.tile{display:grid;place-items:center;width:var(--scenepass-size,15em);max-width:100%;aspect-ratio:1}\
.code{padding:.75em;background:#fff;border-radius:.75em;forced-color-adjust:none}\
img{width:100%}\
svg{width:40%;fill:none;stroke:var(--soft);stroke-width:2.5;stroke-linecap:round;stroke-linejoin:round}\
.good{stroke:var(--scenepass-accent,var(--good))}\
.bad{stroke:var(--scenepass-danger,var(--bad))}\
.loading{animation:turn 1.2s linear infinite}\
@keyframes turn{to{transform:rotate(1turn)}}\
.bar{width:100%;height:3px;background:var(--line)}\
.bar i{display:block;height:100%;transform-origin:0;transition:transform 1s linear}\
.bar i,button,a{background:var(--scenepass-accent,var(--good))}\
.title{font-size:1.2em;font-weight:650}\
.hint,.time,.match{font-size:.9em;color:var(--scenepass-muted,var(--soft))}\
.time,b{font-variant-numeric:tabular-nums}\
.match{margin-top:.5em}\
b{display:block;color:var(--scenepass-color,var(--ink));font-size:2em;line-height:1.2}\
button,a{padding:.7em 1.4em;font:inherit;font-weight:650;color:var(--scenepass-on-accent,var(--on));border:0;border-radius:.6em;text-decoration:none;cursor:pointer}\
:focus-visible{outline:3px solid var(--scenepass-accent,var(--good));outline-offset:3px}\
@media(prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}`
