import type { AppStep } from './apps.ts'
import type { Step, StepCost } from './logins.ts'
import type { AtRate, Rates } from './polls.ts'

/** What the bench has measured, and how a table says it. */
export type Figures = {
  postgres: string
  /** Whether the measured process had a core for itself. */
  pinned: boolean
  wechatDelayMs: number
  loginsPerSecond: number
  steps: Record<Step, StepCost>
  apps: Record<AppStep, StepCost>
  commitsPerSecond: number
  codesOnDemand: { median: number; worst: number }
  codesFromStock: { median: number; worst: number }
  /** Bytes of write-ahead log a login. */
  wal: { fromStock: number; onDemand: number; withoutImage: number }
  rates: Rates
  half: AtRate
  atPace: (AtRate & { tickets: number })[]
}

export type Words = { en: string; zh: string }
export type Language = keyof Words
export type Row = (Words | string)[]
/** A table with its head, or a line of its own. */
export type Part = Row[] | Words

export const whole = (n: number): string => Math.round(n).toLocaleString('en-US')
export const times = (n: number): string => `${n.toFixed(2)} ×`
export const micro = (n: number | null): string => (n === null ? '–' : n.toFixed(1))
export const ms = (n: number): string => `${n < 10 ? n.toFixed(1) : Math.round(n)} ms`
export const kb = (n: number): string => `${(n / 1000).toFixed(1)} kB`
export const mb = (n: number): string => `${Math.round(n / 1e6)} MB`
