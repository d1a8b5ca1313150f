import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Camera, Rest } from '../../tools/demo/rest.mjs';
import { startGstCamera, type GstCamera } from './media-peer.js';
import { OnvifDevice } from './onvif-device.js';
import { Platform } from './platform.js';
import { Recording } from './recording.js';
import type { Site } from './site.js';

export const RECORDED_FROM = Date.UTC(2026, 0, 31, 12);

/** A site behind a tunnel with three cameras: recorded for 40 s with a gap, recorded for 400 s, and not recorded. */
export class ExportSite implements AsyncDisposable {
  private constructor(
    readonly platform: Platform,
    readonly site: Site,
    readonly rest: Rest,
    readonly recording: Recording,
    readonly recorder: OnvifDevice,
    readonly longRecorder: OnvifDevice,
    private readonly live: GstCamera,
    readonly gate: Camera,
    readonly yard: Camera,
    readonly hall: Camera,
  ) {}

  static async start(): Promise<ExportSite> {
    const account = { user: 'viewer', password: 'secret' };
    const parts = [
      [0, 10],
      [30, 10],
    ] as const;
    const recording = new Recording(RECORDED_FROM, parts);
    const recorder = await OnvifDevice.start(recording, account);
    const longRecorder = await OnvifDevice.start(new Recording(RECORDED_FROM, [[0, 400]]), account);
    const live = await startGstCamera();
    const platform = await Platform.start();
    const site = await platform.createSite('Hamburg');
    const streams = [{ url: live.url('/cam') }];
    const recordings = { onvif: recorder.service, username: account.user, password: account.password };
    const cameras = [
      { id: 'gate', name: 'Gate', streams, recordings },
      { id: 'yard', name: 'Yard', streams, recordings: { ...recordings, onvif: longRecorder.service } },
      { id: 'hall', name: 'Hall', streams },
    ];
    writeFileSync(join(site.stateDir, 'cameras.yaml'), JSON.stringify({ cameras }), { mode: 0o600 });
    await site.run();
    await site.federate();
    const [gate, yard, hall] = (await site.cameras('Gate', 'Yard', 'Hall')) as [Camera, Camera, Camera];
    const rest = await platform.signIn();
    return new ExportSite(platform, site, rest, recording, recorder, longRecorder, live, gate, yard, hall);
  }

  /** Address of a range in seconds after the beginning of the recordings, with a fresh ticket. */
  async url(camera: Camera, from: number, to: number): Promise<string> {
    return (await this.issue(camera, from, to)).url;
  }

  async issue(camera: Camera, from: number, to: number): Promise<{ ticketId: string; url: string }> {
    const range = { from: secondsLater(from), to: secondsLater(to) };
    return (await this.rest.call('POST', `/cameras/${camera.id}/exports`, range)) as { ticketId: string; url: string };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.platform.stop();
    await this.live.stop();
    await this.recorder[Symbol.asyncDispose]();
    await this.longRecorder[Symbol.asyncDispose]();
  }
}

export const secondsLater = (seconds: number): string => new Date(RECORDED_FROM + seconds * 1000).toISOString();

/** `duration,pictures` of a file, all of which ffmpeg has decoded without a complaint. */
export const decodedFile = (path: string): { seconds: number; pictures: number } => {
  const run = (program: string, args: string[]): string => execFileSync(program, args, { encoding: 'utf8' }).trim();
  const shown = ['-v', 'error', '-select_streams', 'v', '-count_packets', '-show_entries'];
  const [pictures = '', seconds = ''] = run('ffprobe', [
    ...shown,
    'stream=nb_read_packets:format=duration',
    '-of',
    'csv=p=0',
    path,
  ]).split('\n');
  run('ffmpeg', ['-v', 'error', '-xerror', '-i', path, '-f', 'null', '-']);
  return { seconds: Number(seconds), pictures: Number(pictures) };
};
