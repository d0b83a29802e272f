import type { OverInteraction } from '../open-interaction.ts'
import type { Notice } from './notice-page.ts'

const again = {
  zh: '请回到应用重新登录。',
  en: 'Go back to the app and sign in again.',
}

/** A sign-in to another app that cannot go on. */
export const OVER: Record<OverInteraction['state'], Notice> = {
  foreign: {
    title: { zh: '请在原来的浏览器中登录', en: 'Sign in where you began' },
    text: {
      zh: '本次登录是在另一个浏览器中开始的，只能在那里完成。也可以回到应用重新登录。',
      en: 'This sign-in was begun in another browser, and can only be finished there. Or go back to the app and sign in again.',
    },
  },
  expired: {
    title: { zh: '登录已超时', en: 'This sign-in has expired' },
    text: {
      zh: `本页打开的时间太久。${again.zh}`,
      en: `This page was open for too long. ${again.en}`,
    },
  },
  finished: {
    title: { zh: '本次登录已结束', en: 'This sign-in is over' },
    text: { zh: `每次登录只能使用一次。${again.zh}`, en: `A sign-in works once. ${again.en}` },
  },
  unknown: {
    title: { zh: '本次登录已结束', en: 'This sign-in is over' },
    text: {
      zh: `它已经完成，或者早已过期。${again.zh}`,
      en: `It was finished, or has long expired. ${again.en}`,
    },
  },
}
