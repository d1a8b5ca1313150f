import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Camera } from '../../tools/demo/rest.mjs';
import { startGstCamera, type GstCamera } from './media-peer.js';
import { OnvifDevice } from './onvif-device.js';
import { Platform } from './platform.js';
import type { Recording } from './recording.js';
import type { Site } from './site.js';

/** A site behind a tunnel with two cameras that show the same picture; only `gate` is recorded. */
export class RecordedSite implements AsyncDisposable {
  private constructor(
    readonly platform: Platform,
    readonly site: Site,
    readonly recorder: OnvifDevice,
    readonly live: GstCamera,
    readonly gate: Camera,
    readonly yard: Camera,
  ) {}

  static async start(recording: Recording): Promise<RecordedSite> {
    const live = await startGstCamera();
    const recorder = await OnvifDevice.start(recording, { user: 'viewer', password: 'secret' });
    const platform = await Platform.start();
    const site = await platform.createSite('Hamburg');
    const streams = [{ url: live.url('/cam') }];
    const recordings = { onvif: recorder.service, username: 'viewer', password: 'secret' };
    const cameras = [
      { id: 'gate', name: 'Gate', streams, recordings },
      { id: 'yard', name: 'Yard', streams },
    ];
    writeFileSync(join(site.stateDir, 'cameras.yaml'), JSON.stringify({ cameras }), { mode: 0o600 });
    await site.run();
    await site.federate();
    const [gate, yard] = (await site.cameras('Gate', 'Yard')) as [Camera, Camera];
    return new RecordedSite(platform, site, recorder, live, gate, yard);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.platform.stop();
    await this.live.stop();
    await this.recorder[Symbol.asyncDispose]();
  }
}
