import { box, button, make } from '../../confirm-page/draw.ts'
import type { PhoneTexts } from './texts.ts'

/** A choice of who holds the phone, which a real one knows by itself. */
export function drawPeople(words: PhoneTexts, scan: (user: string) => void): HTMLElement[] {
  const field = document.createElement('input')
  for (const [name, value] of Object.entries({
    type: 'text',
    name: 'user',
    maxlength: '32',
    required: '',
    pattern: '[a-z0-9_\\-]+',
    autocapitalize: 'none',
    autocomplete: 'off',
    'aria-label': words.other,
    placeholder: words.other,
  })) {
    field.setAttribute(name, value)
  }
  const people = ['alice', 'bob', 'carol', 'mallory'].map((name) =>
    button(name, 'person', () => scan(name)),
  )
  return [
    make('h1', words.who),
    box('people', ...people),
    field,
    make('p', words.otherRule, 'hint'),
    button(words.use, 'plain', () => {
      if (field.reportValidity()) scan(field.value)
    }),
  ]
}

/** The way back to the choice above. */
export const drawHandOver = (words: PhoneTexts, user: string, tap: () => void): HTMLElement =>
  box('holder', make('span', user), button(words.handOver, '', tap))
