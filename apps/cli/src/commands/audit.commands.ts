import { auditEvent, type AuditEvent, currentSession } from '../api/shapes.js';
import { checkChain, faultText, type Verdict } from '../audit/check-chain.js';
import { linesOf, linesOfFile } from '../audit/lines.js';
import { CliError } from '../errors.js';
import { intoNewFile } from '../files/reserved-file.js';
import type { Field } from '../output/output.js';
import { localTime } from '../output/time.js';
import { type Call, command } from '../program/command.js';
import { durationSeconds, wholeNumber } from '../program/input.js';

const HEAD_HEADER = 'adit-audit-head';
const DEFAULT_ROWS = 50;

const FIELDS: readonly Field<AuditEvent>[] = [
  { title: 'SEQ', whole: true, of: ({ seq }) => String(seq) },
  { title: 'AT', whole: true, of: ({ at }) => localTime(new Date(at)) },
  { title: 'ACTOR', of: ({ actor }) => actor },
  { title: 'ACTION', whole: true, of: ({ action }) => action },
  { title: 'SUBJECT', of: ({ subject }) => subject },
  { title: 'DETAILS', of: ({ details }) => detailsText(details) },
];

const detailsText = (details: Record<string, unknown>): string =>
  Object.entries(details)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ') || '-';

interface ListFlags {
  actor?: string;
  action?: string;
  subject?: string;
  last?: number;
  limit?: number;
}

const list = command<ListFlags>({
  path: 'audit list',
  summary: 'what happened, newest first',
  options: [
    { flags: '--actor <actor>', summary: 'such as operator:admin', complete: 'none' },
    { flags: '--action <action>', summary: 'such as keyfile.issued, or keyfile.*', complete: 'none' },
    { flags: '--subject <id>', summary: 'of the site, keyfile, agent … it happened to', complete: 'none' },
    { flags: '--last <time>', summary: 'such as 24h', parse: durationSeconds('--last'), complete: 'none' },
    {
      flags: '--limit <n>',
      summary: `rows; ${DEFAULT_ROWS} when absent`,
      parse: wholeNumber('--limit'),
      complete: 'none',
    },
  ],
  examples: [
    'adit audit list',
    "adit audit list --action 'keyfile.*' --last 7d",
    'adit audit list --actor operator:jana --json',
  ],
  run: async ({ flags: { actor, action, subject, last, limit }, api, out }) => {
    const from = last === undefined ? undefined : new Date(Date.now() - last * 1_000).toISOString();
    const query = { actor, action, subject, from };
    const events = (await api()).list(auditEvent, '/audit-events', query, limit ?? DEFAULT_ROWS);
    await out.list(events, FIELDS, { id: ({ seq }) => String(seq), nothing: 'Nothing of that kind happened.' });
  },
});

const exportChain = command<{ output?: string }>({
  path: 'audit export',
  summary: 'write the whole chain into a file, to be verified anywhere',
  options: [
    { flags: '--output <file>', summary: 'a file that is not there yet; audit.ndjson when absent', complete: 'file' },
  ],
  examples: ['adit audit export --output audit-2026-11.ndjson'],
  run: async ({ flags: { output = 'audit.ndjson' }, api, out }) => {
    const client = await api();
    const head = await intoNewFile(output, async (file) => {
      const response = await client.stream('GET', '/audit-events/export');
      for await (const chunk of response.body ?? []) await file.append(chunk);
      return response.headers.get(HEAD_HEADER);
    });
    out.done({ file: output, head }, `${output} holds the chain up to ${head ?? 'its end'}.`);
    out.note(`Next: adit audit verify --file ${output}`);
  },
});

interface VerifyFlags {
  file?: string;
  since?: string;
}

const verify = command<VerifyFlags>({
  path: 'audit verify',
  summary: 'verify the audit on this machine; names the first bad row',
  options: [
    { flags: '--file <file>', summary: 'an export, without asking the server; - for standard input', complete: 'file' },
    {
      flags: '--since <head>',
      summary: 'a head that was kept earlier: it has to be in the chain still',
      complete: 'none',
    },
  ],
  examples: [
    'adit audit verify',
    'adit audit verify --file audit.ndjson',
    'adit audit verify --since "$(cat last-head)"',
  ],
  run: async (call) => {
    const { out, flags } = call;
    const verdict = flags.file === undefined ? await ofServer(call) : await ofFile(call, flags.file);
    const { rows, head, bad } = verdict;
    if (bad !== null) {
      if (out.isJson) out.json(verdict);
      throw new CliError('audit-broken', `row ${bad.seq}: ${faultText(bad.fault)}`, ALARM);
    }
    const headText = head === null ? null : `${head.seq}:${head.hash}`;
    out.one(verdict, headText ?? '', [
      ['Audit', `whole: ${rows} rows`],
      ['Head', headText ?? 'none: nothing happened yet'],
    ]);
    out.note(
      'Keep the head outside of the platform: with --since it proves later that nothing was cut off or written anew.',
    );
  },
});

const ALARM =
  'Somebody wrote to the database beside the platform, or the export is damaged: keep both, and compare with a backup';

/** Everything that the server holds, checked here: the server's own word is not taken for it. */
const ofServer = async ({ api, flags }: Call<VerifyFlags>): Promise<Verdict> => {
  const client = await api();
  const { operator } = await client.get(currentSession, '/sessions/current');
  const response = await client.stream('GET', '/audit-events/export');
  const expected = {
    chain: operator.tenantId,
    head: response.headers.get(HEAD_HEADER) ?? undefined,
    since: flags.since,
  };
  return await checkChain(linesOf(response.body ?? []), expected);
};

const ofFile = async ({ terminal, flags }: Call<VerifyFlags>, path: string): Promise<Verdict> =>
  checkChain(path === '-' ? linesOf(terminal.input) : linesOfFile(path), { since: flags.since });

export const AUDIT_COMMANDS = [list, exportChain, verify];
