import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLifeline } from '../../../tools/launcher/lifeline.mjs';
import { freePort } from '../../../tools/launcher/port.mjs';
import { listens } from '../peer.mjs';
import { isOnPath } from '../peers.mjs';

/** The system's, which has GStreamer's bindings. */
const PYTHON = '/usr/bin/python3';
const BINDINGS = "import gi; gi.require_version('GstRtspServer', '1.0')";
const NAME = 'card';

/**
 * @typedef {object} RunningRedirector
 * @property {string} url where it offers the camera
 * @property {number} pid
 * @property {() => Promise<void>} stop
 *
 * @typedef {object} Redirector another program that gives one camera to many viewers
 * @property {string} name
 * @property {(cameraUrl: string) => Promise<RunningRedirector>} start it pulls the camera by RTSP over TCP
 */

/** @type {{ name: string, isHere: () => boolean, command: (place: { dir: string, port: number, cameraUrl: string }) => string[] }[]} */
const KNOWN = [
  {
    name: 'gst-rtsp-server',
    isHere: hasGStreamer,
    command: ({ port, cameraUrl }) => [PYTHON, join(import.meta.dirname, 'gst-proxy.py'), cameraUrl, String(port)],
  },
  { name: 'MediaMTX', isHere: () => isOnPath('mediamtx'), command: mediamtx },
  { name: 'go2rtc', isHere: () => isOnPath('go2rtc'), command: go2rtc },
];

/**
 * Those that are installed; the others are named.
 * @param {(line: string) => void} progress
 * @returns {Redirector[]}
 */
export function presentRedirectors(progress) {
  const here = KNOWN.filter(({ isHere }) => isHere());
  for (const { name } of KNOWN) if (!here.some((one) => one.name === name)) progress(`${name}: not on the PATH`);
  return here.map(({ name, command }) => ({ name, start: (cameraUrl) => start(name, command, cameraUrl) }));
}

/**
 * @param {string} name
 * @param {(typeof KNOWN)[number]['command']} command
 * @param {string} cameraUrl
 * @returns {Promise<RunningRedirector>}
 */
async function start(name, command, cameraUrl) {
  const dir = mkdtempSync(join(tmpdir(), 'adit-peer-'));
  const port = await freePort();
  const [program, ...args] = command({ dir, port, cameraUrl });
  const child = spawn(...withLifeline('SIGTERM', program, args), { stdio: 'ignore' });
  const stop = async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await listens(port);
  } catch (error) {
    await stop();
    throw new Error(`${name} does not come up`, { cause: error });
  }
  return { url: `rtsp://127.0.0.1:${port}/${NAME}`, pid: child.pid ?? 0, stop };
}

/** @returns {boolean} */
function hasGStreamer() {
  try {
    execFileSync(PYTHON, ['-c', BINDINGS], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** @param {{ dir: string, port: number, cameraUrl: string }} place */
function mediamtx({ dir, port, cameraUrl }) {
  const file = join(dir, 'mediamtx.yml');
  const off = { rtmp: false, hls: false, webrtc: false, srt: false, logLevel: 'error' };
  const paths = { [NAME]: { source: cameraUrl, rtspTransport: 'tcp' } };
  writeFileSync(file, JSON.stringify({ ...off, rtspAddress: `127.0.0.1:${port}`, rtspTransports: ['tcp'], paths }));
  return ['mediamtx', file];
}

/** @param {{ dir: string, port: number, cameraUrl: string }} place */
function go2rtc({ dir, port, cameraUrl }) {
  const file = join(dir, 'go2rtc.yaml');
  const off = { api: { listen: '' }, webrtc: { listen: '' }, log: { level: 'error' } };
  const streams = { [NAME]: `${cameraUrl}#transport=tcp` };
  writeFileSync(file, JSON.stringify({ ...off, rtsp: { listen: `127.0.0.1:${port}` }, streams }));
  return ['go2rtc', '-config', file];
}
