/**
 * How sure we are that it was this person (`acr` of OpenID Connect): a scan, and a scan with the right
 * number of three chosen on the phone.
 */
export const ACR_SCAN = 'urn:scenepass:acr:wechat-scan'
export const ACR_SCAN_MATCH = 'urn:scenepass:acr:wechat-scan-match'

/** What this service can vouch for, the best first. @param chooses whether people choose a number */
export const acrsOf = (chooses: boolean): readonly string[] =>
  chooses ? [ACR_SCAN_MATCH, ACR_SCAN] : [ACR_SCAN]

type Wanted = { value?: unknown; values?: unknown }

/** The ones that an app asks for by the parameter `claims`. */
export const wantedAcrs = ({ value, values }: Wanted): string[] =>
  (Array.isArray(values) ? (values as unknown[]) : [value]).filter(
    (each): each is string => typeof each === 'string',
  )
