const OPENING = Buffer.from('{"ack":');
const [ZERO, CLOSING_BRACE] = [0x30, 0x7d];
const MAX_DIGITS = 10;
const MAX_NUMBER = 0xffff_ffff;

/**
 * The number in `{"ack":number}`, written exactly so. Players send thousands of these a second, which a general parser and a schema
 * make several times dearer; whatever looks different, or is out of range, is theirs to judge.
 * @returns undefined for everything else
 */
export const readAck = (message: Buffer): number | undefined => {
  const end = message.length - 1;
  const digits = end - OPENING.length;
  if (digits < 1 || digits > MAX_DIGITS || message[end] !== CLOSING_BRACE) return undefined;
  if (message.compare(OPENING, 0, OPENING.length, 0, OPENING.length) !== 0) return undefined;
  if (message[OPENING.length] === ZERO && digits > 1) return undefined;
  let number = 0;
  for (let at = OPENING.length; at < end; at++) {
    const digit = message[at] - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return number <= MAX_NUMBER ? number : undefined;
};
