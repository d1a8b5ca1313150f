import type { ChainFault, ChainRow, ChainVerdict } from '@app/contracts';
import { CliError } from '../errors.js';

export type Verdict = Omit<ChainVerdict, 'bad'> & { bad: { seq: number; fault: Fault } | null };
type Fault = ChainFault | 'no-row' | 'other-chain';

const TEXTS: Record<Fault, string> = {
  gap: 'it is missing',
  'prev-mismatch': 'it does not follow the row before',
  'hash-mismatch': 'its content is not what was hashed',
  'body-mismatch': 'its content tells another number',
  'head-mismatch': 'the chain does not end where the server says it ends',
  'since-mismatch': 'the head that was kept earlier is not in this chain: rows were cut off, or all was written anew',
  'no-row': 'it is no row of an export',
  'other-chain': 'it belongs to another tenant',
};

export const faultText = (fault: Fault): string => TEXTS[fault];

class BadLine extends Error {
  constructor(
    readonly seq: number,
    readonly fault: Fault,
  ) {
    super(fault);
  }
}

export interface Expected {
  /** The tenant; the first line's when absent. */
  chain?: string;
  /** `seq:hash` where the chain has to end. */
  head?: string | undefined;
  /** `seq:hash` that has to be in the chain. */
  since?: string | undefined;
}

/** Verifies the lines of an export without asking anybody. @throws CliError `wrong-usage` for a head that is none */
export const checkChain = async (lines: AsyncIterable<string>, { chain, head, since }: Expected): Promise<Verdict> => {
  const { exportLine, parseChainHead, verifyChain } = await import('@app/contracts');
  const kept = since === undefined ? undefined : parseChainHead(since.trim());
  if (since !== undefined && kept === undefined) {
    throw new CliError('wrong-usage', '--since is no head', 'A head is SEQ:HASH, as adit audit verify shows it');
  }
  const read = { rows: 0, chain };
  async function* rows(): AsyncGenerator<ChainRow> {
    for await (const line of lines) {
      const parsed = exportLine.safeParse(jsonOf(line));
      const seq = read.rows + 1;
      if (!parsed.success) throw new BadLine(seq, 'no-row');
      read.chain ??= parsed.data.chain;
      if (parsed.data.chain !== read.chain) throw new BadLine(seq, 'other-chain');
      read.rows += 1;
      yield parsed.data;
    }
  }
  // The first row says whose chain it is: verifying begins once it is there.
  const source = rows();
  const first = await source.next().catch(badLine);
  if ('fault' in first) return verdictOf(0, first);
  const all = (async function* (): AsyncGenerator<ChainRow> {
    if (first.done !== true) yield first.value;
    yield* source;
  })();
  const end = head === undefined ? undefined : parseChainHead(head);
  const verdict = await verifyChain(all, { chain: read.chain ?? '', head: end, since: kept }).catch(badLine);
  return 'fault' in verdict ? verdictOf(read.rows, verdict) : verdict;
};

const badLine = (error: unknown): BadLine => {
  if (error instanceof BadLine) return error;
  throw error;
};

const verdictOf = (rows: number, { seq, fault }: BadLine): Verdict => ({
  valid: false,
  rows,
  head: null,
  bad: { seq, fault },
});

const jsonOf = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};
