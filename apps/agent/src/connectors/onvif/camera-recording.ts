import { setTimeout as sleep } from 'node:timers/promises';
import { MediaError } from '@app/media';
import type { OnvifDevice } from '../../onvif/onvif-device.js';
import type { Notification } from '../../onvif/pull-point.js';
import { isRecordingState, RecordingJobs, type RecordingJob } from '../../onvif/recording-jobs.js';
import type { CommandOutcome } from '../../site/site-command.js';
import { answered, DONE, unsupported } from './device-commands.js';
import type { InventorySource } from './inventory.js';

/** A job that was told to begin or end may take a moment, within what a command has at the device. */
const SETTLE_MS = 2_000;
const ASK_AGAIN_MS = 200;

interface KnownJob {
  /** Token of the video source. */
  source: string;
  isRecording: boolean;
  /** When that was heard, by the monotonic clock. */
  heardAt: number;
}

/** The recording jobs of a device by its cameras: whether they record, as last read or told, and how that is changed. */
export class CameraRecording {
  readonly #jobs: RecordingJobs;
  #known = new Map<string, KnownJob>();

  constructor(private readonly device: OnvifDevice) {
    this.#jobs = new RecordingJobs(device);
  }

  /** Undefined for a camera of which no job is known. @param source token of its video source */
  isRecording(source: string): boolean | undefined {
    const own = [...this.#known.values()].filter((job) => job.source === source);
    return own.length === 0 ? undefined : own.some((job) => job.isRecording);
  }

  /** Reads what the jobs do. Never rejects: whoever cannot say that still has pictures. */
  async read(sources: readonly InventorySource[], signal: AbortSignal): Promise<void> {
    const begunAt = performance.now();
    try {
      const known = new Map<string, KnownJob>();
      if (await this.device.offers('recording', signal)) {
        const all = await this.#jobs.list(signal);
        for (const source of sources) {
          for (const job of await this.#jobsOf(source, sources, all, signal)) {
            const isRecording = job.isActive && (await this.#jobs.state(job, signal)).isRecording;
            known.set(job.token, { source: source.token, isRecording, heardAt: begunAt });
          }
        }
      }
      // What was commanded or told meanwhile is newer than what was read.
      for (const [token, job] of this.#known) if (job.heardAt > begunAt) known.set(token, job);
      this.#known = known;
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      if (!signal.aborted) this.#known.clear();
    }
  }

  /** @returns the token of the video source that an event of a recording job is about */
  notified({ topic, source, data }: Notification): string | undefined {
    if (!/RecordingConfig\/(?:[\w-]+:)?JobState$/.test(topic)) return undefined;
    const job = this.#known.get(source['RecordingJobToken'] ?? '');
    const state = data['State'];
    if (job === undefined) return undefined;
    if (state !== undefined) [job.isRecording, job.heardAt] = [isRecordingState(state), performance.now()];
    return job.source;
  }

  /** Starts or stops the recording of a camera. Rejects with a MediaError when the device is away, slow or refuses the account. */
  async set(
    source: InventorySource,
    sources: readonly InventorySource[],
    isWanted: boolean,
    signal: AbortSignal,
  ): Promise<CommandOutcome> {
    if (!(await this.device.offers('recording', signal))) return unsupported('the device has no recording service');
    return answered(this.#set(source, sources, isWanted, signal));
  }

  async #set(
    source: InventorySource,
    sources: readonly InventorySource[],
    isWanted: boolean,
    signal: AbortSignal,
  ): Promise<CommandOutcome> {
    const jobs = await this.#jobsOf(source, sources, await this.#jobs.list(signal), signal);
    if (jobs.length === 0) return unsupported('no recording job of the device is for this camera');
    for (const job of await this.#toChange(jobs, isWanted, signal)) {
      await this.#jobs.setMode(job, isWanted, signal);
      await this.#settles(job, source.token, isWanted, signal);
    }
    return DONE;
  }

  /** To record, one is enough, the one that the device prefers; while any of them is left active the camera still records. */
  async #toChange(jobs: readonly RecordingJob[], isWanted: boolean, signal: AbortSignal): Promise<RecordingJob[]> {
    const active = jobs.filter(({ isActive }) => isActive);
    if (!isWanted) return active;
    for (const job of active) if ((await this.#jobs.state(job, signal)).isRecording) return [];
    return jobs.toSorted((one, other) => other.priority - one.priority).slice(0, 1);
  }

  async #settles(job: RecordingJob, source: string, isWanted: boolean, signal: AbortSignal): Promise<void> {
    const until = performance.now() + SETTLE_MS;
    for (;;) {
      const { isRecording, word } = await this.#jobs.state(job, signal);
      this.#known.set(job.token, { source, isRecording, heardAt: performance.now() });
      if (isRecording === isWanted) return;
      if (performance.now() > until) {
        throw new MediaError('camera-refused', `The device took the command, but its recording job says ${word}`);
      }
      await sleep(ASK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Those that name the camera or one of its profiles, else those of its recordings; all of a device with one camera. */
  async #jobsOf(
    source: InventorySource,
    sources: readonly InventorySource[],
    all: readonly RecordingJob[],
    signal: AbortSignal,
  ): Promise<RecordingJob[]> {
    if (all.length === 0) return [];
    const tokens = new Set([source.token, ...source.profiles.map(({ token }) => token)]);
    const named = all.filter((job) => job.sources.some((token) => tokens.has(token)));
    if (named.length > 0) return named;
    const recordings = (await this.#jobs.recordings(signal)).filter((recording) => tokens.has(recording.source));
    const into = all.filter((job) => recordings.some(({ token }) => token === job.recording));
    return into.length > 0 || sources.length > 1 ? into : [...all];
  }
}
