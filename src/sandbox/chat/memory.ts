/** One line of a chat: what the account says, or what has happened. */
export type Line = { kind: 'reply' | 'scanned' | 'followed' | 'silent' | 'fault'; text: string }

/** What one person's phone shows of the account. */
export type Chat = { user: string; scenes: string[]; lines: Line[] }

const NAME = 'scenepass-chat'
const MOST_LINES = 40

type Kept = { holder: string; chats: Record<string, Chat> }

function read(): Kept {
  try {
    const kept = JSON.parse(sessionStorage.getItem(NAME) ?? '') as Kept
    return { holder: kept.holder, chats: { ...kept.chats } }
  } catch {
    return { holder: '', chats: {} }
  }
}

/** The chats stay with the tab, so that they are there when a person comes back from a link. */
export function createMemory() {
  const kept = read()
  const write = (): void => sessionStorage.setItem(NAME, JSON.stringify(kept))
  return {
    holder: () => kept.holder,
    /** Who holds the phone now; empty: not known. */
    hand(user: string): void {
      kept.holder = user
      write()
    },
    chat: (user: string): Chat =>
      Object.keys(kept.chats).includes(user)
        ? (kept.chats[user] as Chat)
        : { user, scenes: [], lines: [] },
    add(user: string, scene: string, lines: Line[]): void {
      const chat = this.chat(user)
      kept.chats[user] = {
        user,
        scenes: [...chat.scenes, scene].slice(-MOST_LINES),
        lines: [...chat.lines, ...lines].slice(-MOST_LINES),
      }
      write()
    },
    forget(user: string): void {
      delete kept.chats[user]
      write()
    },
  }
}
