import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import type { Ticket } from '../tickets/find.ts'
import type { Acr } from '../tokens/acr.ts'

/** A device that waits for a person's decision, by what it has on its screen. */
export type WaitingDevice = { userCode: string; clientId: string }

/** Who has approved, when in seconds since 1970 (the database's clock), and how sure that is. */
export type Approval = { userId: string; authTime: number; acr: Acr }

/** What the provider does to a device, in the transaction in which its ticket is decided. */
export type Devices = {
  /** @throws {AppError} `TICKET_EXPIRED`: the device has been answered already, or has given up */
  approve(tx: Db, device: WaitingDevice, approval: Approval): Promise<void>
  /** Nothing happens to a device that does not wait any more. */
  decline(tx: Db, device: WaitingDevice): Promise<void>
}

function deviceOf({ relyingParty }: Ticket): WaitingDevice | null {
  if (!relyingParty || relyingParty.device === null) return null
  return { userCode: relyingParty.device, clientId: relyingParty.clientId }
}

/** What a confirmation does beside: nothing for a ticket without a device. */
export function approvalOf(
  devices: Devices | undefined,
  ticket: Ticket,
  approval: Approval,
): ((tx: Db) => Promise<void>) | undefined {
  const device = deviceOf(ticket)
  if (!device) return undefined
  // The provider has been turned off since, so the device hears of nothing any more.
  if (!devices) throw new AppError('TICKET_EXPIRED')
  return (tx) => devices.approve(tx, device, approval)
}

/** What a denial does beside. */
export function refusalOf(
  devices: Devices | undefined,
  ticket: Ticket,
): ((tx: Db) => Promise<void>) | undefined {
  const device = deviceOf(ticket)
  return device && devices ? (tx) => devices.decline(tx, device) : undefined
}
