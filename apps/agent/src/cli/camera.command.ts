import { proposeSiteLabel } from '@app/contracts';
import { asMediaError, type CameraTransport, cameraTransports, type Credentials, splitCredentials } from '@app/media';
import {
  areaPath,
  type CameraEntry,
  type CameraProbe,
  type CameraStream,
  probeCamera,
  type SiteCamera,
  SiteCameras,
} from '../connectors/index.js';
import { AgentError, EXIT, type ExitCode } from '../errors.js';
import { StateDirectory } from '../state/state-directory.js';
import { askPassword, type PasswordFlags } from './camera-password.js';
import type { CommandContext } from './command.context.js';
import { type Flags, stateToAddTo } from './settings.js';

const NO_CAMERA = 'No camera is listed: adit-agent camera add rtsp://…';

export interface CameraFlags extends Flags, PasswordFlags {
  name?: string;
  low?: string;
  area?: string;
  id?: string;
  transport?: CameraTransport;
  replace?: boolean;
  /** False by `--no-probe`. */
  probe: boolean;
  json?: boolean;
}

/** Asks the camera what it offers, then puts it on the list; a running agent takes it from there. */
export const addCamera = async (url: string, flags: CameraFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const { streams, user } = streamsOf(url, flags);
  const name = flags.name ?? defaultName(url);
  const account = user === undefined ? undefined : { user, password: await askPassword(user, flags, terminal) };
  if (flags.probe) terminal.progress('connecting to the camera …');
  const probes = flags.probe ? await Promise.all(streams.map((stream) => requirePicture(stream, account))) : [];
  terminal.progress('');
  const state = await stateToAddTo(flags, context.environment());
  const cameras = new SiteCameras(state.path);
  const replace = flags.replace === true;
  const listed = await cameras.list.read();
  const id = flags.id ?? freeId(proposeSiteLabel(name), listed, replace);
  const place = flags.area === undefined ? {} : { area: requireArea(flags.area) };
  await cameras.add({ id, name, ...place, streams }, account, replace);
  if (flags.json === true) terminal.json({ id, name, streams: probes });
  else {
    terminal.print(`Camera ${id} ("${name}") is on the list.`);
    const urls = streams.map((stream) => stream.url);
    const twin = listed.find((other) => other.id !== id && other.streams.some((stream) => urls.includes(stream.url)));
    if (twin !== undefined) {
      terminal.note(
        `Camera ${twin.id} has the same address; adit-agent camera remove ${id} takes this one away again.`,
      );
    }
    probes.forEach((probe, index) => terminal.print(`  ${streams[index]?.url ?? ''}: ${describeProbe(probe)}`));
  }
  return EXIT.ok;
};

/** @throws AgentError `camera-invalid` */
const requireArea = (path: string): string => {
  const { data, error } = areaPath.safeParse(path);
  if (data !== undefined) return data;
  throw new AgentError('camera-invalid', `--area: ${error?.issues[0]?.message ?? 'not the path of an area'}`);
};

export const listCameras = async (flags: CameraFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const cameras = await readCameras(flags, context);
  if (flags.json === true) {
    terminal.json(cameras.map((camera) => ({ ...rowOf(camera), urls: urlsOf(camera) })));
  } else if (cameras.length === 0) {
    terminal.note(NO_CAMERA);
  } else {
    terminal.table(cameras.map((camera) => [...Object.values(rowOf(camera)), urlsOf(camera).join(' ')]));
  }
  return EXIT.ok;
};

/** Where a camera's password is, never the password. */
const rowOf = ({ entry, fault, isInList, hasAccount }: SiteCamera): { id: string; name: string; account: string } => {
  const stored = hasAccount ? 'stored' : 'none';
  return { id: entry.id, name: entry.name, account: isInList ? 'in-list' : (fault?.code ?? stored) };
};

const urlsOf = ({ entry }: SiteCamera): string[] => entry.streams.map(({ url }) => url);

/** Takes a camera off the list, and its account out of the store. */
export const removeCamera = async (id: string, flags: CameraFlags, context: CommandContext): Promise<ExitCode> => {
  await (await openCameras(flags, context)).remove(id);
  context.terminal.print(`Camera ${id} is off the list.`);
  return EXIT.ok;
};

/** Probes one camera or all of them. */
export const testCameras = async (
  id: string | undefined,
  flags: CameraFlags,
  context: CommandContext,
): Promise<ExitCode> => {
  const { terminal } = context;
  const cameras = (await readCameras(flags, context)).filter(({ entry }) => id === undefined || entry.id === id);
  if (id !== undefined && cameras.length === 0)
    throw new AgentError('camera-invalid', `The list has no camera ${id}`, 'adit-agent camera list shows them');
  terminal.progress('connecting to the cameras …');
  const results = (await Promise.all(cameras.map(testCamera))).flat();
  terminal.progress('');
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

export const testCamera = ({ entry, fault }: SiteCamera): Promise<CameraResult[]> =>
  Promise.all(
    entry.streams.map(async (stream) => {
      const { id } = entry;
      const { url } = stream;
      try {
        if (fault !== undefined) throw fault;
        return { id, url, ok: true, code: 'camera-ok', detail: describeProbe(await probeCamera(url, stream)) };
      } catch (error) {
        const { code, message } = error === fault && fault ? fault : asMediaError(error, 'camera-refused');
        return { id, url, ok: false, code, detail: message };
      }
    }),
  );

/** Of a state directory that is there. */
export const openCameras = async (flags: Flags, context: CommandContext): Promise<SiteCameras> =>
  new SiteCameras((await StateDirectory.open(flags.state ?? context.environment().ADIT_STATE_DIR)).path);

const readCameras = async (flags: CameraFlags, context: CommandContext): Promise<SiteCamera[]> =>
  (await openCameras(flags, context)).read();

/** @returns the streams without an account, and the user that the URLs or the flag name for all of them */
const streamsOf = (high: string, flags: CameraFlags): { streams: CameraStream[]; user: string | undefined } => {
  const { low, transport } = flags;
  if (transport !== undefined && !cameraTransports.includes(transport)) {
    throw new AgentError('camera-invalid', `A transport is one of ${cameraTransports.join(', ')}`);
  }
  const named = [high, ...(low === undefined ? [] : [low])].map(readUrl);
  const users = new Set([flags.user, ...named.map(({ user }) => user)].filter((user) => user !== undefined));
  if (users.size > 1) throw new AgentError('camera-invalid', 'The URLs name two users', 'Add two cameras for that');
  const way = transport === undefined ? {} : { transport };
  const usages = [['high-res', 'live', 'recording'] as const, ['low-res', 'remote'] as const];
  const streams = named.map(({ url }, index) => ({
    url,
    ...way,
    ...(low === undefined ? {} : { usages: [...(usages[index] ?? [])] }),
  }));
  return { streams, user: [...users][0] };
};

const readUrl = (text: string): { url: string; user: string | undefined } => {
  const parsed = URL.parse(text);
  if (parsed === null || parsed.protocol !== 'rtsp:' || parsed.hostname === '') {
    // The text may hold a password: it is not repeated.
    throw new AgentError('camera-invalid', 'A camera is named by rtsp://[user@]host[:port]/path');
  }
  const { url, user, password } = splitCredentials(text);
  if (password !== undefined && password !== '') {
    const advice = 'Leave it out: it is asked for on a terminal, or read from standard input with --password-stdin';
    throw new AgentError('camera-invalid', 'A password on the command line shows in the list of processes', advice);
  }
  return { url, user };
};

const requirePicture = ({ url }: CameraStream, account: Credentials | undefined): Promise<CameraProbe> =>
  probeCamera(url, { username: account?.user, password: account?.password });

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
