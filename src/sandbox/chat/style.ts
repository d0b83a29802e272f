/** What the chat adds to the phone's stylesheet. */
export const CHAT_STYLE = `main > h1 { font-size: 1.05rem; }
.lines { display: grid; gap: 0.75rem; }
.lines p { margin: 0; overflow-wrap: anywhere; }
.bubble {
  padding: 0.7rem 0.9rem;
  background: var(--ground);
  border: 1px solid var(--line);
  border-radius: 0.25rem 0.9rem 0.9rem;
  white-space: pre-line;
}
.bubble a { color: var(--accent); font-weight: 600; }
.note { font-size: 0.82rem; color: var(--soft); text-align: center; }
.fault { color: var(--alarm); }
`
