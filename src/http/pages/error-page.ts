import type { AppError } from '../../errors.ts'
import type { Language, Words } from '../../language.ts'
import type { Site } from '../site.ts'
import { noticePage } from './notice-page.ts'

/** What a person reads who opens an address that cannot be shown, in the place of JSON. */
export type ErrorPage = (error: AppError, language: Language) => string

const NO_PAGE: Words = { zh: '没有这个页面', en: 'There is no such page' }
const FAILED: Words = { zh: '暂时无法打开', en: 'Cannot be opened right now' }
const WRONG: Words = { zh: '无法打开这个地址', en: 'This address cannot be opened' }

const HOME: Words = { zh: '打开登录页', en: 'Open the sign-in page' }
const AGAIN: Words = { zh: '重试', en: 'Try again' }

/** @param site whose pages they are */
export const createErrorPage =
  (site: Site): ErrorPage =>
  (error, language) => {
    const { statusCode } = error
    const passes = statusCode >= 500 || statusCode === 429
    const text = { zh: error.publicMessage('zh'), en: error.publicMessage('en') }
    return noticePage(site, language, {
      title: passes ? FAILED : statusCode === 404 ? NO_PAGE : WRONG,
      text,
      // Empty: the address as the browser has it, of which nothing is written here.
      link: passes ? { href: '', text: AGAIN } : { href: '/', text: HOME },
    })
  }
