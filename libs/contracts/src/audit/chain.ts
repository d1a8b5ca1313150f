import { createHash } from 'node:crypto';

/** One row of a tenant's audit, as it is stored and exported. */
export interface ChainRow {
  /** From 1, without a gap. */
  seq: number;
  /** `hash` of the row before; of the first row: SHA-256 of the chain's id. 32 bytes, hex. */
  prev: string;
  /** SHA-256 of `prev` (its bytes) followed by `body`. 32 bytes, hex. */
  hash: string;
  /** The hashed text itself: JSON, byte for byte. */
  body: string;
}

/** A place in the chain. Whoever keeps one outside of the database can prove later that it is still in the chain. */
export interface ChainHead {
  seq: number;
  hash: string;
}

export type ChainFault =
  /** A row is missing before this one. */
  | 'gap'
  /** It does not follow the row before. */
  | 'prev-mismatch'
  /** Its body is not what was hashed. */
  | 'hash-mismatch'
  /** Its body is not JSON, or tells another number. */
  | 'body-mismatch'
  /** The chain ends before, behind, or elsewhere than the head that the database keeps. */
  | 'head-mismatch'
  /** The place that was kept earlier is not in this chain: rows were cut off, or all was written anew. */
  | 'since-mismatch';

export interface ChainVerdict {
  valid: boolean;
  /** Rows that were read. */
  rows: number;
  /** The last good row; null when there is none. */
  head: ChainHead | null;
  /** The first bad one. */
  bad: { seq: number; fault: ChainFault } | null;
}

export interface ChainExpectations {
  /** The tenant's id. */
  chain: string;
  /** Rows begin after this place, which is taken for granted; else with the first of all. */
  after?: ChainHead | undefined;
  /** Where the chain has to end. */
  head?: ChainHead | undefined;
  /** Kept earlier; has to be among the rows. */
  since?: ChainHead | undefined;
}

export const genesisOf = (chain: string): ChainHead => ({
  seq: 0,
  hash: createHash('sha256').update(chain).digest('hex'),
});

export const hashOf = (prev: string, body: string): string =>
  createHash('sha256').update(Buffer.from(prev, 'hex')).update(body).digest('hex');

/** Reads rows in the order of `seq`, one at a time, and stops at the first that is bad. Needs no database. */
export const verifyChain = async (
  rows: AsyncIterable<ChainRow> | Iterable<ChainRow>,
  { chain, after = genesisOf(chain), head, since }: ChainExpectations,
): Promise<ChainVerdict> => {
  let last = after;
  let read = 0;
  const verdict = (seq?: number, fault?: ChainFault): ChainVerdict => ({
    valid: fault === undefined,
    rows: read,
    head: last.seq === 0 ? null : last,
    bad: seq === undefined || fault === undefined ? null : { seq, fault },
  });
  if (since !== undefined && since.seq <= after.seq && !isSame(since, after))
    return verdict(since.seq, 'since-mismatch');
  for await (const row of rows) {
    read += 1;
    if (head !== undefined && row.seq > head.seq && last.seq === head.seq) return verdict(row.seq, 'head-mismatch');
    const fault = faultOf(row, last);
    if (fault !== undefined) return verdict(fault === 'gap' ? last.seq + 1 : row.seq, fault);
    last = { seq: row.seq, hash: row.hash };
    if (since?.seq === row.seq && !isSame(since, last)) return verdict(row.seq, 'since-mismatch');
  }
  if (head !== undefined && !isSame(head, last)) return verdict(Math.min(head.seq, last.seq + 1), 'head-mismatch');
  if (since !== undefined && since.seq > last.seq) return verdict(last.seq + 1, 'since-mismatch');
  return verdict();
};

const isSame = (a: ChainHead, b: ChainHead): boolean => a.seq === b.seq && a.hash === b.hash;

const faultOf = ({ seq, prev, hash, body }: ChainRow, last: ChainHead): ChainFault | undefined => {
  if (seq !== last.seq + 1) return 'gap';
  if (prev !== last.hash) return 'prev-mismatch';
  if (hash !== hashOf(prev, body)) return 'hash-mismatch';
  return tells(body, seq) ? undefined : 'body-mismatch';
};

const tells = (body: string, seq: number): boolean => {
  try {
    return (JSON.parse(body) as { seq?: unknown } | null)?.seq === seq;
  } catch {
    return false;
  }
};
