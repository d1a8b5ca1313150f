import { PassThrough } from 'node:stream';
import { LogOutput } from './log-output.js';

describe('the output of a log', () => {
  it('keeps a bounded backlog for a reader that stopped, and tells what was lost when it reads on', () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    const output = new LogOutput(stream, 1_000);
    for (let line = 0; line < 1_000; line += 1) output.write(`${'x'.repeat(99)}\n`);
    expect(stream.writableLength).toBeLessThan(1_200);

    const read = (): string => String(stream.read() ?? '');
    let text = '';
    for (let chunk = read(); chunk !== ''; chunk = read()) text += chunk;
    const kept = text.split('\n').length - 1;
    output.write('on\n');
    const [told = '', last] = read().concat(read()).split('\n');
    expect(JSON.parse(told)).toMatchObject({ level: 'warn', lost: 1_000 - kept });
    expect(last).toBe('on');
  });
});
