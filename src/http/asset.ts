import accepts from 'accepts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { brotliCompress, gzip, type ZlibOptions } from 'node:zlib'
import { varyBy } from './negotiation.ts'

/** Something a browser loads. */
export type Asset = {
  type: string
  cacheControl: string
  /** Names the bytes, without the coding's suffix and the quotes. */
  hash: string
  /** What is sent of it. Compressed once, when it is first asked for, beside the event loop. */
  body(coding: Coding): Promise<Buffer>
}

type Coding = 'br' | 'gzip' | 'identity'

const gzipped = promisify<Buffer, ZlibOptions, Buffer>(gzip)

const CODERS: Record<Coding, (content: Buffer) => Promise<Buffer>> = {
  br: promisify(brotliCompress) as (content: Buffer) => Promise<Buffer>,
  gzip: (content) => gzipped(content, { level: 9 }),
  identity: async (content) => content,
}

/**
 * @param type with its charset
 * @param cacheControl by default it may be kept, but is asked for each time
 */
export function createAsset(
  content: string | Buffer,
  type: string,
  cacheControl = 'no-cache',
): Asset {
  const identity = Buffer.from(content)
  const bodies: Partial<Record<Coding, Promise<Buffer>>> = {}
  return {
    type,
    cacheControl,
    hash: createHash('sha256').update(identity).digest('base64url'),
    body: (coding) => (bodies[coding] ??= CODERS[coding](identity)),
  }
}

/** Sends it as small as the caller can read it, or says that what they have is still right. */
export async function sendAsset(asset: Asset, request: FastifyRequest, reply: FastifyReply) {
  const accept = accepts(request.raw)
  // Browsers name gzip first and mean nothing by it.
  const coding = (['br', 'gzip'] as const).find((name) => accept.encoding(name)) ?? 'identity'
  // A strong tag means these very bytes, so each coding has one of its own.
  const tag = `"${asset.hash}-${coding}"`
  varyBy(reply, 'accept-encoding')
  reply.header('etag', tag).header('cache-control', asset.cacheControl)
  if (isKnown(request.headers['if-none-match'], tag)) return reply.code(304).send()
  if (coding !== 'identity') reply.header('content-encoding', coding)
  return reply.type(asset.type).send(await asset.body(coding))
}

/** RFC 9110, 13.1.2: a proxy that compresses makes the tag a weak one, which counts as well here. */
const isKnown = (header: string | undefined, tag: string): boolean =>
  header !== undefined &&
  header.split(',').some((known) => ['*', tag, `W/${tag}`].includes(known.trim()))
