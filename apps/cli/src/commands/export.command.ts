import { ApiProblem, readProblem } from '../api/problem.js';
import { recordingExport } from '../api/shapes.js';
import { asTransportError } from '../api/transport.js';
import { CliError } from '../errors.js';
import { Mp4Boxes } from '../files/mp4-boxes.js';
import { requireFree, writeNewFile } from '../files/output-file.js';
import { localTime } from '../output/time.js';
import { type ArgumentSpec, type Call, command } from '../program/command.js';
import { durationSeconds } from '../program/input.js';
import { cameraAddress, findCamera } from './site-reference.js';

export const CAMERA_ARGUMENT: ArgumentSpec = {
  name: '<camera>',
  summary: 'id, SITE/CAMERA, or a name that only one has',
  complete: 'camera',
};

interface Flags {
  from?: Date;
  to?: Date;
  for?: number;
  output?: string;
}

interface Range {
  from: Date;
  to: Date;
}

const CODES = { exists: 'file-exists', unwritable: 'file-unwritable' } as const;
const TELL_MS = 200;
const TEN_MIB = 10 << 20;

const time =
  (flag: string) =>
  (text: string): Date => {
    const date = new Date(text);
    // Without an offset it would mean another time on another machine.
    if (/T.*(?:Z|[+-]\d\d:\d\d)$/i.test(text) && !Number.isNaN(date.getTime())) return date;
    throw new CliError('wrong-usage', `${flag}: ${text} is no time such as 2026-01-31T12:00:00Z or …T13:00:00+01:00`);
  };

export const exportCommand = command<Flags>({
  path: 'camera export',
  summary: 'bring a range of its recordings home as an MP4 file',
  args: [CAMERA_ARGUMENT],
  options: [
    { flags: '--from <time>', summary: 'RFC 3339, with its offset', parse: time('--from'), complete: 'none' },
    { flags: '--to <time>', summary: 'at most 24 h later', parse: time('--to'), complete: 'none' },
    { flags: '--for <time>', summary: 'instead of --to: how long', parse: durationSeconds('--for'), complete: 'none' },
    { flags: '-o, --output <file>', summary: 'the new file', complete: 'file' },
  ],
  examples: ['adit camera export hamburg-sued/gate --from 2026-01-31T12:00:00Z --for 10m -o gate.mp4'],
  handlesInterrupt: true,
  run: async (call) => {
    const { args, flags, out, signal } = call;
    const range = rangeOf(flags);
    const { output } = flags;
    if (output === undefined) throw new CliError('wrong-usage', 'no file is named', 'Name it with -o FILE');
    await requireFree(output, CODES);
    const client = await call.api();
    const camera = await findCamera(client, args[0] ?? '');
    const body = { from: range.from.toISOString(), to: range.to.toISOString() };
    const { url, ticketId } = await client.post(recordingExport, `/cameras/${camera.id}/exports`, body);
    if (url === null) throw new CliError('answer-lost', 'the URL got lost on the way', 'Repeat the command');
    try {
      const bytes = await writeNewFile(output, download(url, range, call), signal, CODES);
      out.progress('');
      const told = { file: output, bytes, camera: cameraAddress(camera), ticketId, ...body };
      out.done(told, `${output}: ${cameraAddress(camera)} from ${localTime(range.from)}, ${sizeText(bytes)}`);
    } catch (error) {
      out.progress('');
      throw signal.aborted ? new CliError('interrupted', `${output} was not written`) : error;
    }
  },
});

const rangeOf = ({ from, to, for: seconds }: Flags): Range => {
  if (from === undefined) throw new CliError('wrong-usage', '--from is needed', 'As in 2026-01-31T12:00:00Z');
  if ((to === undefined) === (seconds === undefined)) {
    throw new CliError('wrong-usage', 'one of --to and --for is needed');
  }
  return { from, to: to ?? new Date(from.getTime() + (seconds ?? 0) * 1_000) };
};

/** The ticket in the address is all that the redirector is shown. */
async function* download(url: string, range: Range, { out, signal }: Call<Flags>): AsyncGenerator<Uint8Array> {
  const response = await fetch(url, { signal, redirect: 'error' }).catch((error: unknown) => {
    throw asTransportError(error, url);
  });
  if (!response.ok) throw await refusal(response, url);
  const boxes = new Mp4Boxes();
  let [bytes, toldAt] = [0, -Infinity];
  try {
    for await (const chunk of response.body ?? []) {
      boxes.push(chunk);
      bytes += chunk.byteLength;
      if (performance.now() - toldAt > TELL_MS) {
        toldAt = performance.now();
        out.progress(progressText(boxes.recordedMs, range, bytes));
      }
      yield chunk;
    }
  } catch (cause) {
    throw broken(boxes, cause);
  }
  if (!boxes.isWhole) throw broken(boxes);
}

const refusal = async (response: Response, url: string): Promise<Error> => {
  const problem = readProblem(await response.text());
  if (problem) return new ApiProblem(response.status, problem, null);
  const { origin } = new URL(url);
  return new CliError('server-not-adit', `${origin} answers with HTTP ${response.status}`, 'Check ADIT_PLAY_PUBLIC');
};

const broken = ({ recordedMs }: Mp4Boxes, cause?: unknown): CliError => {
  const place = recordedMs === undefined ? 'before the first picture' : `at ${localTime(new Date(recordedMs))}`;
  const advice = 'Nothing was kept. Try again; if it lasts, take a shorter range, and see the log of the redirector';
  return new CliError('download-broken', `the file broke off ${place}`, advice, { cause });
};

const progressText = (recordedMs: number | undefined, { from, to }: Range, bytes: number): string => {
  if (recordedMs === undefined) return 'waiting for the recorder';
  const share = (recordedMs - from.getTime()) / (to.getTime() - from.getTime());
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return `${percent} % (recorded ${localTime(new Date(recordedMs))}), ${sizeText(bytes)}`;
};

const sizeText = (bytes: number): string =>
  bytes < TEN_MIB ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.round(bytes / (1 << 20))} MiB`;
