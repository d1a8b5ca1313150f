import { createHash } from 'node:crypto';
import { type JournalLine, journalLine } from './journal-event.js';

const SUM_DIGITS = 32;

/** A line as it stands in the file, line feed included. */
export interface WrittenLine {
  sum: string;
  text: string;
  line: JournalLine;
}

const sumOf = (json: string): string => createHash('sha256').update(json).digest('hex').slice(0, SUM_DIGITS);

/** 32 hexadecimal digits of SHA-256, a space, JSON, a line feed: damage shows line by line. */
export const formatLine = (line: JournalLine): WrittenLine => {
  const json = JSON.stringify(line);
  const sum = sumOf(json);
  return { sum, text: `${sum} ${json}\n`, line };
};

/** `undefined` for a line that was not written like this. @param text without its line feed */
export const parseLine = (text: string): WrittenLine | undefined => {
  const [sum, json] = [text.slice(0, SUM_DIGITS), text.slice(SUM_DIGITS + 1)];
  if (text[SUM_DIGITS] !== ' ' || sum !== sumOf(json)) return undefined;
  try {
    const line = journalLine.safeParse(JSON.parse(json)).data;
    return line && { sum, text: `${text}\n`, line };
  } catch {
    return undefined;
  }
};
