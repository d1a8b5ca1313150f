/** Control characters, and the ones that turn the direction of what follows: a name could rewrite the screen with them. */
const UNPRINTABLE = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;

/** One line of text that a terminal shows as it is; what it would obey becomes `�`. */
export const printable = (text: string): string => text.replaceAll(UNPRINTABLE, '\uFFFD');
