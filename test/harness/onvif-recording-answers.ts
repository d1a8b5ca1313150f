import { DeviceFault, field, type Answer, type DeviceState } from './onvif-answers.js';

/** A recording job of the simulated device. */
export interface SimulatedJob {
  token: string;
  recording: string;
  /** Token of the media profile that it records. */
  profile: string;
  mode: 'Idle' | 'Active';
  priority: number;
  /** What it says of its state whatever its mode is. */
  says?: string;
}

/** One for each video source, idle; as many recordings, whose sources are the tokens of the video sources. */
export const idleJobs = (channels: number): SimulatedJob[] =>
  Array.from({ length: channels }, (_, channel) => ({
    token: `job-${channel + 1}`,
    recording: `${channel + 1}`,
    profile: channel === 0 ? 'main' : `main-${channel + 1}`,
    mode: 'Idle',
    priority: 1,
  }));

const PROFILE = 'http://www.onvif.org/ver10/schema/Profile';

const source = ({ profile }: SimulatedJob): string =>
  `<tt:SourceToken Type="${PROFILE}"><tt:Token>${profile}</tt:Token></tt:SourceToken>`;
const track = (state: string): string =>
  `<tt:Tracks><tt:SourceTag>video</tt:SourceTag><tt:Destination>V</tt:Destination>${state}</tt:Tracks>`;

const jobItem = (job: SimulatedJob): string =>
  [
    `<JobItem><tt:JobToken>${job.token}</tt:JobToken><tt:JobConfiguration><tt:RecordingToken>${job.recording}</tt:RecordingToken>`,
    `<tt:Mode>${job.mode}</tt:Mode><tt:Priority>${job.priority}</tt:Priority>`,
    `<tt:Source>${source(job)}${track('')}</tt:Source></tt:JobConfiguration></JobItem>`,
  ].join('');

const recordingItem = (channel: number): string =>
  [
    `<RecordingItem><tt:RecordingToken>${channel + 1}</tt:RecordingToken><tt:Configuration>`,
    `<tt:Source><tt:SourceId>source-${channel + 1}</tt:SourceId><tt:Name>cam</tt:Name><tt:Location/><tt:Description/><tt:Address/></tt:Source>`,
    '<tt:Content/><tt:MaximumRetentionTime>PT0S</tt:MaximumRetentionTime></tt:Configuration>',
    '<tt:Tracks><tt:Track><tt:TrackToken>V</tt:TrackToken><tt:Configuration><tt:TrackType>Video</tt:TrackType><tt:Description/></tt:Configuration></tt:Track></tt:Tracks></RecordingItem>',
  ].join('');

const jobOf = (request: string, { jobs }: DeviceState): SimulatedJob => {
  const job = jobs.find(({ token }) => token === field(request, 'JobToken'));
  if (job === undefined) throw new DeviceFault('ter:NoRecordingJob');
  return job;
};

const stateOf = ({ says, mode }: SimulatedJob): string => says ?? mode;

/** What the recording control service answers, by the name of the action. */
export const recordingAnswers: Record<string, Answer> = {
  GetRecordings: (_request, { channels }) =>
    Array.from({ length: channels }, (_, channel) => recordingItem(channel)).join(''),
  GetRecordingJobs: (_request, { jobs }) => jobs.map(jobItem).join(''),
  GetRecordingJobState: (request, state) => {
    const job = jobOf(request, state);
    const word = `<tt:State>${stateOf(job)}</tt:State>`;
    return `<State><tt:RecordingToken>${job.recording}</tt:RecordingToken>${word}<tt:Sources>${source(job)}${word}<tt:Tracks>${track(word).replaceAll('tt:Tracks', 'tt:Track')}</tt:Tracks></tt:Sources></State>`;
  },
  SetRecordingJobMode: (request, state) => {
    const job = jobOf(request, state);
    const mode = field(request, 'Mode');
    if (mode !== 'Active' && mode !== 'Idle') throw new DeviceFault('ter:BadMode');
    job.mode = mode;
    state.commands.push(`recording ${job.token} ${mode}`);
    state.events.change('RecordingConfig/JobState', { RecordingJobToken: job.token }, { State: stateOf(job) });
    return '';
  },
};
