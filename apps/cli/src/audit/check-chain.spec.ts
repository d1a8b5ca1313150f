import { genesisOf, hashOf } from '@app/contracts';
import { checkChain } from './check-chain.js';
import { linesOf } from './lines.js';

const CHAIN = '01900000-0000-7000-8000-000000000001';
const OTHER = '01900000-0000-7000-8000-000000000002';

const linesFor = (chain: string, length: number): string[] => {
  let prev = genesisOf(chain).hash;
  return Array.from({ length }, (_, index) => {
    const seq = index + 1;
    const body = JSON.stringify({ seq, action: 'test.made' });
    const hash = hashOf(prev, body);
    const line = JSON.stringify({ chain, seq, prev, hash, body });
    prev = hash;
    return line;
  });
};

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

describe('an export, offline', () => {
  const lines = linesFor(CHAIN, 5);

  it('is whole, and its head is told', async () => {
    expect(await checkChain(each(lines), {})).toMatchObject({ valid: true, rows: 5, head: { seq: 5 }, bad: null });
    expect(await checkChain(each([]), {})).toMatchObject({ valid: true, rows: 0, head: null });
  });

  it.each([
    ['a changed row', lines.with(2, lines[2]?.replace('made', 'mode') ?? ''), 3, 'hash-mismatch'],
    ['a missing row', lines.toSpliced(2, 1), 3, 'gap'],
    ['a missing beginning', lines.slice(1), 1, 'gap'],
    ['garbage first', ['garbage', ...lines], 1, 'no-row'],
    ['garbage later', lines.with(3, '{"seq":4}'), 4, 'no-row'],
    ["a row of another tenant's", lines.with(3, linesFor(OTHER, 5)[3] ?? ''), 4, 'other-chain'],
  ])('names the first bad row of %s', async (_what, bad, seq, fault) => {
    expect(await checkChain(each(bad), {})).toMatchObject({ valid: false, bad: { seq, fault } });
  });

  it('shows by a head that was kept that the end was cut off', async () => {
    const { hash } = JSON.parse(lines[4] ?? '') as { hash: string };
    const since = `5:${hash}\n`;
    expect(await checkChain(each(lines), { since })).toMatchObject({ valid: true });
    expect(await checkChain(each(lines.slice(0, 3)), { since })).toMatchObject({
      bad: { seq: 4, fault: 'since-mismatch' },
    });
    await expect(checkChain(each(lines), { since: 'nonsense' })).rejects.toMatchObject({ code: 'wrong-usage' });
  });

  it('is read in whatever pieces it comes, and a line that never ends is not kept', async () => {
    const bytes = Buffer.from('ä\nb\n\nc');
    const found: string[] = [];
    for await (const line of linesOf(Array.from(bytes, (byte) => Buffer.of(byte)))) found.push(line);
    expect(found).toEqual(['ä', 'b', '', 'c']);
    const endless = async (): Promise<void> => {
      for await (const _ of linesOf(Array.from({ length: 20 }, () => 'x'.repeat(100_000)))) continue;
    };
    await expect(endless()).rejects.toMatchObject({ code: 'audit-broken' });
  });
});
