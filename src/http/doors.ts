import type { ConfirmLinks } from '../sign-in/confirm-link.ts'
import type { MiniProgram } from '../wechat/mini-program.ts'
import type { Pushes } from '../wechat/push/push.ts'
import type { Channel } from '../tickets/ticket.ts'
import type { CodeMaker } from './codes.ts'

/** The accounts through which people sign in; null: the door is shut. At least one is open. */
export type Doors = {
  miniprogram: Pick<MiniProgram, 'codeImage' | 'urlLink' | 'codeToSession'> | null
  officialAccount: OfficialAccountDoor | null
}

export type OfficialAccountDoor = {
  appid: string
  makeCode: CodeMaker
  /** A code that is kept for later. */
  makeStockCode: (scene: string) => Promise<Uint8Array>
  pushes: Pushes
  links: ConfirmLinks
  /** What becomes of a person's data when they unfollow the account. */
  unfollow: 'keep' | 'forget'
}

/** The first one is where a ticket leads whose creator names none. */
export const openChannels = ({ miniprogram, officialAccount }: Doors): Channel[] => [
  ...(miniprogram ? (['miniprogram'] as const) : []),
  ...(officialAccount ? (['official_account'] as const) : []),
]

export const codeMakersOf = ({
  miniprogram,
  officialAccount,
}: Doors): Partial<Record<Channel, CodeMaker>> => ({
  ...(miniprogram && {
    miniprogram: async (scene, line) => (await miniprogram.codeImage(scene, line)).bytes,
  }),
  ...(officialAccount && { official_account: officialAccount.makeCode }),
})
