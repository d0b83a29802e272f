/** What the sandbox's phone adds to the confirm page's stylesheet. */
export const PHONE_STYLE = `.people { display: grid; grid-template-columns: 1fr 1fr; gap: 0.75rem; }
input, .plain { width: 100%; margin-top: 0.75rem; }
.plain { border-color: var(--ink); font-weight: 600; }
.holder { display: flex; gap: 0.75rem; align-items: center; justify-content: space-between; }
.holder { margin-top: 1.25rem; font-size: 0.82rem; color: var(--soft); }
.holder span { min-width: 4em; overflow-wrap: anywhere; }
`
