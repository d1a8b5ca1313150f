import { createHash } from 'node:crypto';
import { type JournalLine, journalLine } from './journal-event.js';

const SUM_DIGITS = 16;

const sumOf = (json: string): string => createHash('sha256').update(json).digest('hex').slice(0, SUM_DIGITS);

/** 16 hexadecimal digits of SHA-256, a space, JSON, a line feed: damage shows line by line. */
export const formatLine = (line: JournalLine): string => {
  const json = JSON.stringify(line);
  return `${sumOf(json)} ${json}\n`;
};

/** `undefined` for a line that was not written like this. */
export const parseLine = (text: string): JournalLine | undefined => {
  const json = text.slice(SUM_DIGITS + 1);
  if (text[SUM_DIGITS] !== ' ' || text.slice(0, SUM_DIGITS) !== sumOf(json)) return undefined;
  try {
    return journalLine.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
};
