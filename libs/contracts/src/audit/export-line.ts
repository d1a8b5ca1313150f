import { z } from 'zod';
import type { ChainRow } from './chain.js';

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);

/** One line of an export: nothing more and nothing less than it takes to verify it. */
export const exportLine = z.strictObject({
  chain: z.uuid(),
  seq: z.int().min(1),
  prev: hex32,
  hash: hex32,
  body: z.string(),
});
export type ExportLine = z.infer<typeof exportLine>;

export const toExportLine = (chain: string, { seq, prev, hash, body }: ChainRow): string =>
  `${JSON.stringify({ chain, seq, prev, hash, body } satisfies ExportLine)}\n`;

const HEAD = /^(\d{1,15}):([0-9a-f]{64})$/;

/** `<seq>:<hash>`, as the API gives and takes a place in the chain; undefined for anything else. */
export const parseChainHead = (text: string): { seq: number; hash: string } | undefined => {
  const [, seq, hash] = HEAD.exec(text) ?? [];
  return seq === undefined || hash === undefined ? undefined : { seq: Number(seq), hash };
};

export const formatChainHead = ({ seq, hash }: { seq: number; hash: string }): string => `${seq}:${hash}`;
