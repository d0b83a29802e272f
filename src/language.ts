export type Language = 'en' | 'zh'

/** The same in both languages. */
export type Words = Record<Language, string>
