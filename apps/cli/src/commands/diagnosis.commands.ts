import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { diagnosis as diagnosisShape } from '../api/diagnosis-shape.js';
import { CliError } from '../errors.js';
import { requireFree, writeNewFile } from '../files/output-file.js';
import { command } from '../program/command.js';
import { wholeNumber } from '../program/input.js';
import { type BundleFile, bundleOf } from '../support/bundle.js';
import { diagnosisRows } from '../support/diagnosis-rows.js';
import { SITE_ARGUMENT } from './site.commands.js';
import { findSite } from './site-reference.js';

const CODES = { exists: 'file-exists', unwritable: 'file-unwritable' } as const;
const PRIVATE_FILE = 0o100600;

const diagnose = command<{ outages?: number }>({
  path: 'site diagnose',
  summary: 'how a site does and why, as seen from both ends',
  args: [SITE_ARGUMENT],
  options: [
    {
      flags: '--outages <n>',
      summary: 'so many of them, 5 by default',
      parse: wholeNumber('--outages'),
      complete: 'none',
    },
  ],
  examples: ['adit site diagnose hamburg-sued', 'adit site diagnose hamburg-sued --json | jq -r .verdict.code'],
  run: async ({ args: [reference = ''], flags: { outages = 5 }, api, out }) => {
    const client = await api();
    const { id } = await findSite(client, reference);
    const diagnosis = await client.get(diagnosisShape, `/sites/${id}/diagnosis`, { limit: outages });
    out.one(diagnosis, diagnosis.verdict.code, diagnosisRows(diagnosis));
  },
});

const support = command<{ output?: string }>({
  path: 'site support',
  summary: 'what helps others to find out what is wrong with a site, as a ZIP file without secrets',
  args: [SITE_ARGUMENT],
  options: [{ flags: '-o, --output <file>', summary: 'the new file', complete: 'file' }],
  examples: ['adit site support hamburg-sued -o hamburg.zip'],
  handlesInterrupt: true,
  run: async ({ args: [reference = ''], flags: { output }, api, out, signal }) => {
    if (output === undefined) throw new CliError('wrong-usage', 'no file is named', 'Name it with -o FILE');
    await requireFree(output, CODES);
    const client = await api();
    const site = await findSite(client, reference);
    const files = await bundleOf(client, site, (file) => out.progress(`reading ${file}`));
    out.progress('');
    const bytes = await writeNewFile(output, zipOf(files), signal, CODES);
    const told = { file: output, bytes, site: site.label, files: files.map(({ name }) => name) };
    out.done(told, `${output}: ${files.length} files about ${site.name}. Read them before you hand them on.`);
  },
});

const zipOf = (files: readonly BundleFile[]): Readable => {
  const zip = new ZipFile();
  for (const { name, content } of files) zip.addBuffer(Buffer.from(content), name, { mode: PRIVATE_FILE });
  zip.end();
  return Readable.from(zip.outputStream as AsyncIterable<Buffer>);
};

export const DIAGNOSIS_COMMANDS = [diagnose, support];
