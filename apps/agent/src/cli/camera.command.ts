import { proposeSiteLabel } from '@app/contracts';
import { asMediaError, splitCredentials } from '@app/media';
import {
  type CameraEntry,
  CameraListFile,
  type CameraProbe,
  type CameraStream,
  probeCamera,
} from '../connectors/index.js';
import { AgentError, EXIT, type ExitCode } from '../errors.js';
import { StateDirectory } from '../state/state-directory.js';
import type { CommandContext } from './command.context.js';
import { type Flags, stateToAddTo } from './settings.js';

const NO_CAMERA = 'No camera is listed: adit-agent camera add rtsp://…';

export interface CameraFlags extends Flags {
  name?: string;
  low?: string;
  id?: string;
  replace?: boolean;
  /** False by `--no-probe`. */
  probe: boolean;
  json?: boolean;
}

/** Asks the camera what it offers, then puts it on the list; a running agent takes it from there. */
export const addCamera = async (url: string, flags: CameraFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const streams = streamsOf(url, flags.low);
  const name = flags.name ?? defaultName(url);
  const probes = flags.probe ? await Promise.all(streams.map(requirePicture)) : [];
  const state = await stateToAddTo(flags, context.environment());
  const list = new CameraListFile(state.path);
  const id = flags.id ?? freeId(proposeSiteLabel(name), await list.read(), flags.replace === true);
  await list.put({ id, name, streams }, flags.replace);
  if (flags.json === true) terminal.json({ id, name, streams: probes });
  else {
    terminal.print(`Camera ${id} ("${name}") is on the list.`);
    probes.forEach((probe, index) => terminal.print(`  ${streams[index]?.url ?? ''}: ${describeProbe(probe)}`));
  }
  return EXIT.ok;
};

export const listCameras = async (flags: CameraFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const cameras = await readList(flags, context);
  if (flags.json === true) {
    terminal.json(cameras.map(({ id, name, streams }) => ({ id, name, urls: streams.map(plainUrl) })));
  } else if (cameras.length === 0) {
    terminal.note(NO_CAMERA);
  } else {
    terminal.table(cameras.map(({ id, name, streams }) => [id, name, streams.map(plainUrl).join(' ')]));
  }
  return EXIT.ok;
};

/** Probes one camera or all of them. */
export const testCameras = async (
  id: string | undefined,
  flags: CameraFlags,
  context: CommandContext,
): Promise<ExitCode> => {
  const { terminal } = context;
  const cameras = (await readList(flags, context)).filter((camera) => id === undefined || camera.id === id);
  if (id !== undefined && cameras.length === 0) throw new AgentError('camera-invalid', `The list has no camera ${id}`);
  const results = (await Promise.all(cameras.map(testCamera))).flat();
  if (flags.json === true) terminal.json(results);
  else if (cameras.length === 0) terminal.note(NO_CAMERA);
  else terminal.table(results.map((result) => [result.id, result.code, result.url, result.detail]));
  return results.every(({ ok }) => ok) ? EXIT.ok : EXIT.negative;
};

export interface CameraResult {
  id: string;
  url: string;
  ok: boolean;
  code: string;
  detail: string;
}

export const testCamera = ({ id, streams }: CameraEntry): Promise<CameraResult[]> =>
  Promise.all(
    streams.map(async (stream) => {
      const url = plainUrl(stream);
      try {
        return { id, url, ok: true, code: 'camera-ok', detail: describeProbe(await probeCamera(stream.url, stream)) };
      } catch (error) {
        const { code, message } = asMediaError(error, 'camera-refused');
        return { id, url, ok: false, code, detail: message };
      }
    }),
  );

const readList = async (flags: CameraFlags, context: CommandContext): Promise<CameraEntry[]> => {
  const state = await StateDirectory.open(flags.state ?? context.environment().ADIT_STATE_DIR);
  return await new CameraListFile(state.path).read();
};

const streamsOf = (high: string, low: string | undefined): CameraStream[] =>
  low === undefined
    ? [streamOf(high)]
    : [
        { ...streamOf(high), usages: ['high-res', 'live', 'recording'] },
        { ...streamOf(low), usages: ['low-res', 'remote'] },
      ];

const streamOf = (text: string): CameraStream => {
  const parsed = URL.parse(text);
  if (parsed === null || parsed.protocol !== 'rtsp:' || parsed.hostname === '') {
    // The text may hold a password: it is not repeated.
    throw new AgentError('camera-invalid', 'A camera is named by rtsp://[user:password@]host[:port]/path');
  }
  const { url, user, password } = splitCredentials(text);
  return {
    url,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
  };
};

const plainUrl = ({ url }: CameraStream): string => splitCredentials(url).url;

const requirePicture = (stream: CameraStream): Promise<CameraProbe> => probeCamera(stream.url, stream);

const describeProbe = ({ codec, width, height, frameRate, hasAudio }: CameraProbe): string => {
  const size = width === null || height === null ? 'size unknown' : `${width}x${height}`;
  const rate = frameRate === null ? '' : ` at ${frameRate}/s`;
  return `${codec} ${size}${rate}${hasAudio ? ', with audio' : ''}`;
};

const defaultName = (url: string): string => {
  const parsed = URL.parse(url);
  const path = parsed?.pathname.replace(/\/+$/, '') ?? '';
  return `${parsed?.hostname ?? ''}${path}`.slice(0, 100) || 'Camera';
};

const freeId = (wished: string, cameras: readonly CameraEntry[], replace: boolean): string => {
  const base = wished.slice(0, 58);
  const taken = new Set(cameras.map(({ id }) => id));
  if (replace || !taken.has(base)) return base;
  for (let number = 2; ; number += 1) if (!taken.has(`${base}-${number}`)) return `${base}-${number}`;
};
