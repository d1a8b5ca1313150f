import { randomBytes } from 'node:crypto';
import { FieldCipher } from './field-cipher.js';

const cipher = new FieldCipher(randomBytes(32));

const opened = (keeper: FieldCipher, stored: Buffer, row: string): boolean => {
  try {
    keeper.open(stored, row);
    return true;
  } catch {
    return false;
  }
};

describe('a field', () => {
  it('opens for its own row and under its own key alone', () => {
    const stored = cipher.close('secret ä', 'row 1');
    expect(cipher.open(stored, 'row 1')).toBe('secret ä');
    expect(opened(cipher, stored, 'row 2')).toBe(false);
    expect(opened(new FieldCipher(randomBytes(32)), stored, 'row 1')).toBe(false);
    for (const length of [0, 12, 27, stored.length - 1]) {
      expect(opened(cipher, stored.subarray(0, length), 'row 1')).toBe(false);
    }
  });

  it('is closed to other bytes every time, and digested to the same', () => {
    expect(cipher.close('a', 'r').equals(cipher.close('a', 'r'))).toBe(false);
    expect(cipher.digest('a')).toEqual(cipher.digest('a'));
    expect(cipher.digest('a')).not.toEqual(new FieldCipher(randomBytes(32)).digest('a'));
  });
});
