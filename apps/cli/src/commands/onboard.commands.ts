import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../api/client.js';
import {
  onboarding as onboardingShape,
  type Onboarding,
  onboardingCheck,
  type OnboardingCheck,
  onboardingRow,
} from '../api/shapes.js';
import { CliError, errnoOf, EXIT, type ExitCode } from '../errors.js';
import { intoNewFile } from '../files/reserved-file.js';
import { type Call, command } from '../program/command.js';
import { readSecret } from '../program/input.js';

interface Flags {
  dryRun?: boolean;
  passphraseFile?: string;
  output?: string;
  /** Id of a batch that was started before. */
  continue?: string;
}

const POLL_MS = 500;

const onboard = command<Flags>({
  path: 'onboard',
  summary: 'create many sites from a CSV file, and bring their sealed keyfiles home as a ZIP',
  args: [
    {
      name: '[sites.csv]',
      summary: 'with a header: name, label, validForSeconds; - for standard input',
      complete: 'file',
    },
  ],
  options: [
    { flags: '--dry-run', summary: 'check every row and create nothing' },
    {
      flags: '--passphrase-file <file>',
      summary: 'seals the keyfiles; without it one is made and shown once',
      complete: 'file',
    },
    { flags: '--output <file>', summary: 'a file that is not there yet; keyfiles.zip when absent', complete: 'file' },
    { flags: '--continue <id>', summary: 'go on waiting for a batch that was started before', complete: 'none' },
  ],
  examples: [
    'adit onboard sites.csv --dry-run',
    'adit onboard sites.csv --passphrase-file passphrase --output keyfiles.zip',
  ],
  run: async (call) => {
    const client = await call.api();
    if (call.flags.continue !== undefined) return finish(call, client, call.flags.continue);
    const [path] = call.args;
    if (path === undefined)
      throw new CliError('wrong-usage', 'which sites?', 'Name a CSV file; --help shows its columns');
    const csv = await readCsv(path, call);
    const checked = await client.post(onboardingCheck, '/onboardings?dryRun=true', { csv });
    if (!checked.valid) return refuse(call, checked);
    if (call.flags.dryRun === true)
      return call.out.done(checked, `All ${checked.total} rows are good. Nothing was created.`);
    return start(call, client, csv);
  },
});

const readCsv = async (path: string, { terminal }: Call<Flags>): Promise<string> => {
  try {
    return path === '-' ? await text(terminal.input) : await readFile(path, 'utf8');
  } catch (cause) {
    const reason = errnoOf(cause) === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new CliError('file-unreadable', `${path} ${reason}`, 'Check the path', { cause });
  }
};

const refuse = (call: Call<Flags>, { errors, total }: OnboardingCheck): ExitCode => {
  const { out, terminal } = call;
  if (out.isJson) out.json({ valid: false, total, errors });
  else {
    const head = ['LINE', 'COLUMN', 'CODE', 'DETAIL'].map((title) => ({ title }));
    terminal.columns(
      head,
      errors.map(({ line, row, column, code, detail }) => [String(line ?? row), column, code, detail]),
    );
  }
  throw new CliError(
    'onboarding-invalid',
    `${errors.length} errors in ${total} rows: nothing was created`,
    'Correct them, then try again with --dry-run',
  );
};

const start = async (call: Call<Flags>, client: ApiClient, csv: string): Promise<ExitCode> => {
  const { out, flags } = call;
  const given = flags.passphraseFile === undefined ? undefined : await readSecret(flags.passphraseFile, call);
  const body = { csv, ...(given === undefined ? {} : { passphrase: given }) };
  const output = flags.output ?? 'keyfiles.zip';
  return await intoNewFile(output, async (file) => {
    const started = await client.post(onboardingShape, '/onboardings', body);
    if (given === undefined) sayPassphrase(call, started);
    out.note(
      `Batch ${started.id}. It goes on at the server, whatever happens here: adit onboard --continue ${started.id}`,
    );
    const ended = await wait(call, client, started);
    await download(client, ended.id, file);
    return report(call, client, ended, output);
  });
};

const finish = async (call: Call<Flags>, client: ApiClient, id: string): Promise<ExitCode> => {
  const output = call.flags.output ?? 'keyfiles.zip';
  return await intoNewFile(output, async (file) => {
    const path = `/onboardings/${encodeURIComponent(id)}`;
    const ended = await wait(call, client, await client.get(onboardingShape, path));
    await download(client, ended.id, file);
    return report(call, client, ended, output);
  });
};

/** Also in quiet mode: it is told this once. With `--json` it is a member of the first line. */
const sayPassphrase = ({ out, terminal }: Call<Flags>, started: Onboarding): void => {
  const { passphrase } = started;
  if (typeof passphrase !== 'string') {
    const advice = `Cancel the batch ${started.id} by REST, and start again with --passphrase-file`;
    throw new CliError('answer-lost', 'the passphrase of the keyfiles got lost on the way', advice);
  }
  if (out.isJson) out.json(started);
  else terminal.table([['Passphrase', `${passphrase}   (shown this once; the installers need it)`]]);
};

const wait = async ({ out }: Call<Flags>, client: ApiClient, first: Onboarding): Promise<Onboarding> => {
  let now = first;
  while (now.state === 'running') {
    out.progress(`${now.done + now.failed} of ${now.total} sites`);
    await sleep(POLL_MS);
    now = await client.get(onboardingShape, `/onboardings/${now.id}`);
  }
  out.progress('');
  return now;
};

const download = async (
  client: ApiClient,
  id: string,
  file: { append: (chunk: Uint8Array) => Promise<void> },
): Promise<void> => {
  const response = await client.stream('GET', `/onboardings/${id}/keyfiles.zip`);
  for await (const chunk of response.body ?? []) await file.append(chunk);
};

const report = async (call: Call<Flags>, client: ApiClient, ended: Onboarding, output: string): Promise<ExitCode> => {
  const { out, terminal } = call;
  const { done, failed, total, state } = ended;
  const { passphrase: _, ...shown } = ended;
  out.done({ ...shown, file: output }, `${done} of ${total} sites are there; their keyfiles are in ${output}.`);
  if (failed === 0 && state === 'completed') return EXIT.ok;
  for await (const row of client.list(onboardingRow, `/onboardings/${ended.id}/rows`)) {
    if (row.state !== 'done')
      terminal.note(`row ${row.number} (${row.name}): ${row.errorCode ?? row.state} ${row.errorDetail ?? ''}`);
  }
  return EXIT.refused;
};

export const ONBOARD_COMMANDS = [onboard];
