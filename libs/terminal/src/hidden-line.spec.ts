import { PassThrough } from 'node:stream';
import { readHidden } from './hidden-line.js';
import { InterruptedError } from './interrupted.js';

const typed = async (...chunks: (string | Buffer)[]): Promise<string> => {
  const input = new PassThrough();
  const line = readHidden(input);
  for (const chunk of chunks) input.write(chunk);
  return line;
};

describe('a hidden line', () => {
  it('ends with return, whatever pieces it comes in', async () => {
    const bytes = Buffer.from('Kühe 🔑\r');
    expect(await typed(...Array.from(bytes, (byte) => Buffer.of(byte)))).toBe('Kühe 🔑');
  });

  it('can be corrected by whole characters, and begun anew', async () => {
    expect(await typed('wrong\u0015Kü🔑\u007f\u007fühe\n')).toBe('Kühe');
  });

  it('is nothing when it is interrupted or the terminal goes', async () => {
    await expect(typed('secret\u0003')).rejects.toBeInstanceOf(InterruptedError);
    const input = new PassThrough();
    const line = readHidden(input);
    input.end('secret');
    await expect(line).rejects.toBeInstanceOf(InterruptedError);
  });
});
