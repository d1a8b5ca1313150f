/** Texts of strangers as PostgreSQL stores them: no control characters, no halves of surrogate pairs, not too long. */
export const storableText = (text: string, maxLength: number): string =>
  text.slice(0, maxLength).replaceAll(/[\p{Cc}\p{Cs}]/gu, ' ');
