/**
 * The stylesheet, without line breaks: bytes count here. Names with `--scenepass-` are for the page,
 * the short ones are our own.
 *
 * Light or dark is as the page has it: the system's own colours follow the `color-scheme` that the
 * element inherits, in every browser, and high contrast, too. The green and the red can be read on both
 * grounds. Where there is no color-mix() (Safari before 16.2) what is muted is not.
 *
 * `.ghost` are the words of all other states: so the card is always as high as its longest.
 * Borders that are transparent here are what high contrast draws in the place of grounds.
 */
export const STYLE = `\
:host{display:block;max-width:22em;--soft:var(--scenepass-muted,color-mix(in srgb,CanvasText 70%,Canvas));--bg:var(--scenepass-background,Canvas);--good:var(--scenepass-accent,#0b8450)}\
:host([theme=light]){color-scheme:light}\
:host([theme=dark]){color-scheme:dark}\
:host([hidden]),[hidden]{display:none!important}\
*{box-sizing:border-box;margin:0}\
section,div{display:grid;gap:.75em;grid-template-columns:minmax(0,1fr);justify-items:center;width:100%}\
section{padding:1.5em;text-align:center;text-wrap:balance;line-height:1.45;line-break:strict;font-variant-numeric:tabular-nums;word-break:keep-all;overflow-wrap:anywhere;color:var(--scenepass-color,CanvasText);background:var(--bg);border:1px solid #8886;border-radius:1em;outline:0}\
.tile{align-items:center;width:var(--scenepass-size,15em);max-width:100%;aspect-ratio:1;border-radius:.75em}\
.small .tile{width:5em}\
.tile>*,.foot>*,.text>*{grid-area:1/1}\
.code{padding:.75em;background:#fff;forced-color-adjust:none}\
img{width:100%}\
.dim img{opacity:.15;filter:blur(2px)}\
svg{width:5em;border-radius:50%;fill:none;stroke:currentColor;stroke-width:2.5;stroke-linecap:round}\
.code svg{opacity:0}\
.dim svg{opacity:1;padding:1em;background:var(--bg)}\
.good .tile,.left{color:var(--good)}\
.bad .tile{color:var(--scenepass-danger,#c2451a)}\
img,svg{transition:opacity .15s,filter .15s}\
img,p{animation:in .15s}\
.turn svg{animation:turn 1.2s linear infinite}\
.good path{stroke-dasharray:130;animation:draw .5s}\
@keyframes in{from{opacity:0}}\
@keyframes turn{to{transform:rotate(1turn)}}\
@keyframes draw{from{stroke-dashoffset:130}}\
.count{grid-template-columns:1fr auto;align-items:center;height:1.5em;white-space:nowrap}\
.bar{background:#8886}\
.left{width:100%;border-top:4px solid;transform-origin:0;transition:transform 1s linear}\
.title{font-size:1.15em;font-weight:650}\
.hint,.time,.label{font-size:.9em;color:var(--soft)}\
.ghost{visibility:hidden}\
.text div{gap:.25em;align-content:start}\
.foot{min-height:3em;align-content:end}\
.small .foot{min-height:6.75em}\
.small .match~*{grid-area:2/1;width:100%}\
.match{display:flex;gap:.75em;align-items:center;justify-content:center}\
b{flex:none;font-size:1.1em}\
.digits{width:calc(2ch + 1.5em);font-size:1.75em;text-indent:.375em;letter-spacing:.75em;white-space:nowrap;border-radius:.25em;background:linear-gradient(90deg,#8886 48%,#0000 0 52%,#8886 0)}\
button,a{padding:.65em 1.5em;font:inherit;font-weight:650;color:var(--scenepass-on-accent,#fff);background:var(--good);border:.125em solid transparent;border-radius:.75em;text-decoration:none}\
@media(prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}`
