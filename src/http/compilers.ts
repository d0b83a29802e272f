import { AjvCompiler } from '@fastify/ajv-compiler'
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifyServerOptions } from 'fastify'

/**
 * Fastify's own compilers of schemas, asked once a process for each schema: a hundred answers have
 * thirty shapes, errors above all. Half of what an app takes to be ready.
 */
export const compilers: NonNullable<FastifyServerOptions['schemaController']> = {
  compilersFactory: {
    buildValidator: once(AjvCompiler()),
    buildSerializer: once(SerializerSelector()),
  },
}

// Of one of them the types say that it is given the schema; both are given the route that has it.
type Compile = (route: never) => unknown

/** As `build`, but schemas that are the same text share one function. */
function once<Build extends (...options: never[]) => Compile>(build: Build): Build {
  const made = new Map<string, Compile>()
  const buildOnce = (...options: never[]): Compile => {
    const key = JSON.stringify(options)
    const compile = made.get(key) ?? remember(build(...options))
    made.set(key, compile)
    return compile
  }
  return buildOnce as Build
}

function remember(compile: Compile): Compile {
  const functions = new Map<string, unknown>()
  return (route) => {
    const key = JSON.stringify((route as { schema: unknown }).schema)
    const made = functions.get(key) ?? compile(route)
    functions.set(key, made)
    return made
  }
}
