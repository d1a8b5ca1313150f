import { createHash } from 'node:crypto';
import type { StreamUsage } from '@app/contracts';
import { asMediaError, RtspSource, Turns } from '@app/media';
import type { SiteEntity, SiteStream } from '../site/entity.js';
import type { RecordingSource, SnapshotSource, StreamSource } from '../site/site-connector.js';
import { chooseStream, effectiveUsages } from '../site/stream-choice.js';
import { areaId } from './areas.js';
import type { CameraEntry, CameraStream } from './camera-list.js';
import { recordingSource } from './recordings.js';
import { probeCamera, type CameraProbe } from './camera-probe.js';
import { snapshotSource } from './snapshots.js';

export type Probe = (stream: CameraStream, signal: AbortSignal) => Promise<CameraProbe>;

/** Probes one stream of the list with its own credentials. */
export const probeStream: Probe = ({ url, username, password }, signal) =>
  probeCamera(url, { username, password, signal });

/** Forty cameras a second begin when all of them are wanted at once. */
const turns = new Turns(25);

/** One camera of the list with what the last probe of its streams said. */
export class RtspCamera {
  /** One per stream. Made of all that is configured: an edited URL or password is another source. */
  readonly keys: readonly string[];
  readonly recordings: RecordingSource | undefined;
  readonly snapshots: SnapshotSource | undefined;
  #streams: SiteStream[];
  #state: SiteEntity['state'] = 'unknown';
  #reason = 'not-probed';
  #hasAudio = false;

  /** `fault`: the code of what keeps its account from being used; such a camera is not asked. */
  constructor(
    readonly entry: CameraEntry,
    readonly fault?: string,
  ) {
    if (fault !== undefined) {
      this.#state = 'offline';
      this.#reason = fault;
    }
    this.keys = entry.streams.map((stream, index) => digestOf(`${entry.id} ${index} ${JSON.stringify(stream)}`));
    const { recordings } = entry;
    this.snapshots = snapshotSource(entry);
    this.recordings = recordings && recordingSource(recordings, digestOf(`${entry.id} ${JSON.stringify(recordings)}`));
    this.#streams = entry.streams.map(({ usages }) => ({
      usages: usages ?? [],
      codec: '',
      width: null,
      height: null,
      frameRate: null,
    }));
  }

  get entity(): SiteEntity {
    const { id: remoteId, name, area } = this.entry;
    const parentId = area === undefined ? undefined : areaId(area);
    const usages = effectiveUsages(this.#streams);
    const streams = this.#streams.map((stream, index) => ({ ...stream, usages: usages[index] ?? [] }));
    const state = { state: this.#state, stateReason: this.#reason };
    return { remoteId, kind: 'camera', name, parentId, ...state, streams, audio: this.#hasAudio };
  }

  /** Online when one of its streams answers; what a silent stream looked like before is kept. */
  async probe(probe: Probe, signal: AbortSignal): Promise<void> {
    if (this.fault !== undefined) return;
    const results = await Promise.allSettled(this.entry.streams.map((stream) => probe(stream, signal)));
    if (signal.aborted) return;
    this.#streams = results.map((result, index) => {
      const known = this.#streams[index];
      if (result.status === 'rejected') return known;
      const { codec, width, height, frameRate } = result.value;
      return { ...known, codec, width, height, frameRate };
    });
    const answered = results.filter((result) => result.status === 'fulfilled');
    if (answered.length > 0) this.#hasAudio = answered.some(({ value }) => value.hasAudio);
    const failed = results.find((result) => result.status === 'rejected');
    this.#state = answered.length > 0 ? 'online' : 'offline';
    this.#reason = failed === undefined ? '' : asMediaError(failed.reason, 'camera-refused').code;
  }

  stream(usage: StreamUsage): StreamSource | undefined {
    const choice = chooseStream(this.#streams, usage);
    const stream = choice && this.entry.streams[choice.index];
    if (choice === undefined || stream === undefined) return undefined;
    return {
      key: this.keys[choice.index],
      usage: choice.usage,
      open: () => new RtspSource(stream.url, { ...credentialsOf(stream), transport: stream.transport ?? 'tcp', turns }),
    };
  }
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

const credentialsOf = ({
  username,
  password,
}: CameraStream): Partial<{ credentials: { user: string; password: string } }> =>
  username === undefined ? {} : { credentials: { user: username, password: password ?? '' } };
