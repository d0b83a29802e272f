import { ACR, type Acr } from '../tokens/acr.ts'

/** What this service can vouch for, the best first. @param chooses whether people choose a number */
export const acrsOf = (chooses: boolean): readonly Acr[] =>
  chooses ? [ACR.match, ACR.scan] : [ACR.scan]

type Wanted = { value?: unknown; values?: unknown }

/** The ones that an app asks for by the parameter `claims`. */
export const wantedAcrs = ({ value, values }: Wanted): string[] =>
  (Array.isArray(values) ? (values as unknown[]) : [value]).filter(
    (each): each is string => typeof each === 'string',
  )
