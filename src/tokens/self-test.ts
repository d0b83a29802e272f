import { importJWK, jwtVerify, SignJWT, type CryptoKey, type JWK } from 'jose'

/** Whether what the private half signs verifies with the public one. */
export async function provesItself(privateKey: CryptoKey, publicJwk: JWK): Promise<boolean> {
  const alg = publicJwk.alg as string
  const token = await new SignJWT({}).setProtectedHeader({ alg }).sign(privateKey)
  try {
    await jwtVerify(token, await importJWK(publicJwk, alg))
    return true
  } catch {
    return false
  }
}
