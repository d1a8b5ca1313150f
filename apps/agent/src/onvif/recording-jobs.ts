import { MediaError } from '@app/media';
import type { OnvifDevice } from './onvif-device.js';
import { escapeXml, listAt, nodeAt, textAt, type XmlNode } from './xml.js';

/** What writes into a recording of a device; it does so while its mode is Active. */
export interface RecordingJob {
  token: string;
  /** Token of the recording that it writes into. */
  recording: string;
  /** What it is to do; `state` says what it does. */
  isActive: boolean;
  /** Of two that write into one track the higher one does. */
  priority: number;
  /** Tokens of the media profiles or receivers whose pictures it takes. */
  sources: string[];
}

/** A recording of a device, and the token, URI or name of what is recorded in it. */
export interface DeviceRecording {
  token: string;
  source: string;
}

const MAX_JOBS = 256;

/** The recording control service (ONVIF Recording Control Service Specification). Everything rejects with a MediaError. */
export class RecordingJobs {
  constructor(private readonly device: OnvifDevice) {}

  async recordings(signal: AbortSignal): Promise<DeviceRecording[]> {
    const answer = await this.device.call('recording', '<t:GetRecordings/>', signal);
    const found = listAt(nodeAt(answer, 'GetRecordingsResponse'), 'RecordingItem').slice(0, MAX_JOBS);
    return found.map((node) => ({
      token: textAt(node, 'RecordingToken') ?? '',
      source: textAt(node, 'Configuration', 'Source', 'SourceId') ?? '',
    }));
  }

  async list(signal: AbortSignal): Promise<RecordingJob[]> {
    const answer = await this.device.call('recording', '<t:GetRecordingJobs/>', signal);
    const found = listAt(nodeAt(answer, 'GetRecordingJobsResponse'), 'JobItem').slice(0, MAX_JOBS);
    return found.map(readJob).filter(({ token }) => token !== '');
  }

  /** Whether it records now, which its mode alone does not say: an error or another job may keep it from that. */
  async state({ token }: RecordingJob, signal: AbortSignal): Promise<{ isRecording: boolean; word: string }> {
    const word = await this.#stateWord(token, signal);
    return { isRecording: isRecordingState(word), word };
  }

  async setMode({ token }: RecordingJob, isActive: boolean, signal: AbortSignal): Promise<void> {
    const mode = `<t:Mode>${isActive ? 'Active' : 'Idle'}</t:Mode>`;
    await this.#call('SetRecordingJobMode', token, mode, signal);
  }

  async #stateWord(token: string, signal: AbortSignal): Promise<string> {
    try {
      const answer = await this.#call('GetRecordingJobState', token, '', signal);
      const word = textAt(answer, 'GetRecordingJobStateResponse', 'State', 'State')?.trim() ?? '';
      return /^\w{1,40}$/.test(word) ? word : 'nothing';
    } catch (error) {
      if (!(error instanceof MediaError) || error.code !== 'camera-replay-refused') throw error;
      // Its mode is all that such a device tells.
      const job = (await this.list(signal)).find((one) => one.token === token);
      return job?.isActive === true ? 'Active' : 'Idle';
    }
  }

  #call(name: string, token: string, content: string, signal: AbortSignal): Promise<XmlNode> {
    const asked = `<t:JobToken>${escapeXml(token)}</t:JobToken>${content}`;
    return this.device.call('recording', `<t:${name}>${asked}</t:${name}>`, signal);
  }
}

/** States of a job: Idle, Active, PartiallyActive, Error. */
export const isRecordingState = (word: string): boolean => /^(?:Partially)?Active$/i.test(word);

const readJob = (node: XmlNode): RecordingJob => {
  const configuration = nodeAt(node, 'JobConfiguration');
  const priority = Number(textAt(configuration, 'Priority'));
  const sources = listAt(configuration, 'Source').map((source) => textAt(source, 'SourceToken', 'Token'));
  return {
    token: textAt(node, 'JobToken') ?? '',
    recording: textAt(configuration, 'RecordingToken') ?? '',
    isActive: textAt(configuration, 'Mode') === 'Active',
    priority: Number.isFinite(priority) ? priority : 0,
    sources: sources.filter((token) => token !== undefined),
  };
};
