/** What the sandbox's phone adds to the confirm page's stylesheet. */
export const PHONE_STYLE = `.people { display: grid; grid-template-columns: 1fr 1fr; gap: 0.75rem; }
input, .plain { width: 100%; margin-top: 0.65rem; }
.plain, .person { background: var(--neutral); border: 2px solid transparent; font-weight: 600; }
.holder { display: flex; gap: 0.5rem; align-items: center; justify-content: space-between; }
.holder { margin-top: 0.75rem; font-size: 0.82rem; color: var(--soft); }
.holder button { min-height: 2rem; padding-block: 0.15rem; }
.holder span { flex: 1; min-width: 4em; overflow-wrap: anywhere; }
`
