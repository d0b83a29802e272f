import type { FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'

/** Counts a miss of a request's address; throws when there were too many. */
export type OnMiss = (request: FastifyRequest) => void

/**
 * Throws the error on, and counts it first where it is what a stranger gets who guesses: an unknown
 * scene, a wrong secret.
 */
export function countMiss(error: unknown, request: FastifyRequest, onMiss: OnMiss): never {
  const missed =
    error instanceof AppError && (error.code === 'BAD_SECRET' || error.code === 'TICKET_NOT_FOUND')
  if (missed) onMiss(request)
  throw error
}
