import { type ChainRow, genesisOf, hashOf, verifyChain } from './chain.js';
import { exportLine, formatChainHead, parseChainHead, toExportLine } from './export-line.js';

const CHAIN = '01900000-0000-7000-8000-000000000001';

const chainOf = (length: number): ChainRow[] => {
  const rows: ChainRow[] = [];
  let prev = genesisOf(CHAIN).hash;
  for (let seq = 1; seq <= length; seq++) {
    const body = JSON.stringify({ seq, action: 'test.made', subject: 'ü' });
    const hash = hashOf(prev, body);
    rows.push({ seq, prev, hash, body });
    prev = hash;
  }
  return rows;
};

const headOf = (rows: ChainRow[], at = -1): { seq: number; hash: string } => {
  const { seq, hash } = rows.at(at) ?? { seq: 0, hash: '' };
  return { seq, hash };
};

/** What somebody does who can write the table but not the past. */
const rewrite = (rows: ChainRow[], from: number): ChainRow[] => {
  const kept = rows.slice(0, from);
  let prev = kept.at(-1)?.hash ?? genesisOf(CHAIN).hash;
  for (const row of rows.slice(from)) {
    const body = row.body.replace('made', 'forged');
    const hash = hashOf(prev, body);
    kept.push({ seq: row.seq, prev, hash, body });
    prev = hash;
  }
  return kept;
};

describe('the verification of an audit chain', () => {
  const rows = chainOf(6);
  const changed = (seq: number, change: Partial<ChainRow>): ChainRow[] =>
    rows.map((row) => (row.seq === seq ? { ...row, ...change } : row));

  it('finds a whole chain good and tells its head', async () => {
    const head = headOf(rows);
    const verdict = await verifyChain(rows, { chain: CHAIN, head, since: headOf(rows, 2) });
    expect(verdict).toEqual({ valid: true, rows: 6, head, bad: null });
  });

  it('finds an empty chain good', async () => {
    const verdict = await verifyChain([], { chain: CHAIN, head: genesisOf(CHAIN) });
    expect(verdict).toEqual({ valid: true, rows: 0, head: null, bad: null });
  });

  it.each([
    ['a changed body', changed(3, { body: '{"seq":3}' }), 3, 'hash-mismatch'],
    ['a body with one more space', changed(3, { body: `${rows[2]?.body} ` }), 3, 'hash-mismatch'],
    ['a changed hash', changed(3, { hash: '0'.repeat(64) }), 3, 'hash-mismatch'],
    ['a changed link', changed(3, { prev: '0'.repeat(64) }), 3, 'prev-mismatch'],
    [
      'a body and its hash changed',
      changed(3, { body: 'x', hash: hashOf(rows[2]?.prev ?? '', 'x') }),
      3,
      'body-mismatch',
    ],
    ['a deleted row', rows.filter(({ seq }) => seq !== 3), 3, 'gap'],
    ['a row twice', [...rows.slice(0, 3), ...rows.slice(2)], 4, 'gap'],
    ['two rows exchanged', [...rows.slice(0, 2), rows[3], rows[2], ...rows.slice(4)] as ChainRow[], 3, 'gap'],
    ['a deleted first row', rows.slice(1), 1, 'gap'],
  ] as const)('names the first bad row: %s', async (_name, bad, seq, fault) => {
    expect(await verifyChain(bad, { chain: CHAIN })).toMatchObject({ valid: false, bad: { seq, fault } });
  });

  it('finds the chain of another tenant bad', async () => {
    const verdict = await verifyChain(rows, { chain: '01900000-0000-7000-8000-000000000002' });
    expect(verdict).toMatchObject({ bad: { seq: 1, fault: 'prev-mismatch' } });
  });

  it('finds a tail that was cut off by the head that the database keeps', async () => {
    const verdict = await verifyChain(rows.slice(0, 4), { chain: CHAIN, head: headOf(rows) });
    expect(verdict).toMatchObject({ valid: false, head: headOf(rows, 3), bad: { seq: 5, fault: 'head-mismatch' } });
  });

  it.each([
    ['the next one, linked well', 5],
    ['one far away', 6],
  ])('finds a row behind the head that the database keeps: %s', async (_name, seq) => {
    const kept = rows.slice(0, 4);
    const forged = rows.slice(seq - 1, seq);
    const verdict = await verifyChain([...kept, ...forged], { chain: CHAIN, head: headOf(kept) });
    expect(verdict).toMatchObject({ valid: false, head: headOf(kept), bad: { seq, fault: 'head-mismatch' } });
  });

  it('finds every row bad where the database keeps no head', async () => {
    const verdict = await verifyChain(rows, { chain: CHAIN, head: genesisOf(CHAIN) });
    expect(verdict).toMatchObject({ valid: false, head: null, bad: { seq: 1, fault: 'head-mismatch' } });
  });

  it('finds a row before the first one', async () => {
    const [first] = rows as [ChainRow];
    const verdict = await verifyChain([{ ...first, seq: 0 }, ...rows], { chain: CHAIN, head: headOf(rows) });
    expect(verdict).toMatchObject({ valid: false, bad: { seq: 1, fault: 'gap' } });
  });

  it('finds a tail that was cut off together with that head by a place kept outside', async () => {
    const cut = rows.slice(0, 4);
    const verdict = await verifyChain(cut, { chain: CHAIN, head: headOf(cut), since: headOf(rows) });
    expect(verdict).toMatchObject({ valid: false, bad: { seq: 5, fault: 'since-mismatch' } });
  });

  it('finds a chain that was written anew by a place kept outside', async () => {
    const forged = rewrite(rows, 2);
    expect(await verifyChain(forged, { chain: CHAIN, head: headOf(forged) })).toMatchObject({ valid: true });
    const verdict = await verifyChain(forged, { chain: CHAIN, head: headOf(forged), since: headOf(rows, 4) });
    expect(verdict).toMatchObject({ valid: false, bad: { seq: 5, fault: 'since-mismatch' } });
  });

  it('goes on from a place that is taken for granted', async () => {
    const after = headOf(rows, 2);
    expect(await verifyChain(rows.slice(3), { chain: CHAIN, after })).toMatchObject({ valid: true, rows: 3 });
    expect(await verifyChain(rows.slice(4), { chain: CHAIN, after })).toMatchObject({ bad: { seq: 4, fault: 'gap' } });
    const other = { seq: 2, hash: '0'.repeat(64) };
    expect(await verifyChain(rows.slice(3), { chain: CHAIN, after, since: other })).toMatchObject({
      bad: { seq: 2, fault: 'since-mismatch' },
    });
  });
});

describe('a line of an export', () => {
  it('carries the row and nothing else', () => {
    const [row] = chainOf(1);
    if (!row) throw new Error('no row');
    const line = toExportLine(CHAIN, row);
    expect(line.endsWith('}\n')).toBe(true);
    expect(exportLine.parse(JSON.parse(line))).toEqual({ chain: CHAIN, ...row });
  });

  it('has places that are written and read alike', () => {
    const head = { seq: 7, hash: 'ab'.repeat(32) };
    expect(parseChainHead(formatChainHead(head))).toEqual(head);
    for (const text of ['', '7', '7:', `7:${'AB'.repeat(32)}`, `-7:${'ab'.repeat(32)}`, `7:${'ab'.repeat(32)} `]) {
      expect(parseChainHead(text)).toBeUndefined();
    }
  });
});
