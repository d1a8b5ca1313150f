import { z } from 'zod';

/** What a restored backup must not forget: it happened to agents and keyfiles, and a database of yesterday undoes it. */
export const journalEvent = z.discriminatedUnion('kind', [
  /** The keyfile belongs to this key from now on; `csrSpki` is the key's DER SubjectPublicKeyInfo in base64. */
  z.object({ kind: z.literal('keyfile-claimed'), tenantId: z.guid(), keyfileId: z.guid(), csrSpki: z.string() }),
  /** The keyfile, when one is named, and the agent with all of its certificates. */
  z.object({
    kind: z.literal('agent-revoked'),
    tenantId: z.guid(),
    agentId: z.guid(),
    keyfileId: z.guid().nullable(),
    serials: z.array(z.string()),
    reason: z.string(),
  }),
  /** The keyfile alone and the certificates that came of it: its agent was there before and stays. */
  z.object({
    kind: z.literal('keyfile-revoked'),
    tenantId: z.guid(),
    keyfileId: z.guid(),
    serials: z.array(z.string()),
    reason: z.string(),
  }),
  /** Certificates alone, such as a renewal that was never used: their agent stays. */
  z.object({
    kind: z.literal('certificate-revoked'),
    tenantId: z.guid(),
    agentId: z.guid(),
    serials: z.array(z.string()),
    reason: z.string(),
  }),
  z.object({ kind: z.literal('agent-locked'), tenantId: z.guid(), agentId: z.guid(), reason: z.string() }),
  z.object({ kind: z.literal('agent-unlocked'), tenantId: z.guid(), agentId: z.guid() }),
]);
export type JournalEvent = z.infer<typeof journalEvent>;

export const JOURNAL_FORMAT = 'adit-revocation-journal';

/** `prev`: sum of the line that its writer knew last, whose `i` is one less. A line that is gone is missed by the one after it. */
const link = { i: z.int(), prev: z.string() };
const header = z.object({ format: z.literal(JOURNAL_FORMAT), v: z.literal(1), id: z.guid() });
const entry = z.object({ n: z.guid(), at: z.iso.datetime(), event: journalEvent });
const outcome = z.object({ n: z.guid(), outcome: z.enum(['committed', 'rolled-back']) });
/** What a line says, before it has its place. */
export type JournalNote = z.infer<typeof entry> | z.infer<typeof outcome> | z.infer<typeof header>;
/** One line of the file, after its checksum. */
export const journalLine = z.union([entry.extend(link), outcome.extend(link), header.extend(link)]);
export type JournalLine = z.infer<typeof journalLine>;
