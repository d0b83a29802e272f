import { htmlDocument } from '../../html.ts'
import type { Site } from '../site.ts'
import { siteMark } from './document.ts'

/**
 * Where a person decides who came from an official account's chat. It is the same for all of them: the
 * scene and the proof stand in the link's fragment, which no server is sent.
 */
export const confirmPage = (site: Site): string =>
  htmlDocument({
    language: 'zh',
    title: '确认登录 · Confirm the sign-in',
    logo: site.logo?.type ?? null,
    cover: true,
    head: '<link rel="stylesheet" href="/confirm.css">',
    body: `<header>${siteMark(site)}<button id="language" type="button"></button></header>
    <main id="confirm" aria-live="polite"></main>
    <noscript><p>此页面需要 JavaScript。 This page needs JavaScript.</p></noscript>
    <script src="/confirm.js"></script>`,
  })
