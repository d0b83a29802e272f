import { AppError } from '../errors.ts'

/** Whether an error is what a stranger gets who guesses: an unknown scene, a wrong secret. */
export const isMiss = (error: unknown): boolean =>
  error instanceof AppError && (error.code === 'BAD_SECRET' || error.code === 'TICKET_NOT_FOUND')
