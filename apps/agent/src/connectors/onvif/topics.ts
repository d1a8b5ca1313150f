import type { Notification } from '../../onvif/pull-point.js';

/** What a topic is about, and with it which entity. */
export type TopicSubject = 'camera' | 'input' | 'output' | 'device';

export interface DescribedEvent {
  /** A dotted name; the topic itself when it is not known. */
  type: string;
  subject: TopicSubject;
  /** Token of the video source, input or output; undefined when the device does not say. */
  token: string | undefined;
  /** Undefined for what has no state, and for unknown topics. */
  isActive: boolean | undefined;
}

interface Topic {
  /** Without prefixes. */
  path: RegExp;
  subject: TopicSubject;
  began: string;
  ended: string;
}

/** The first that fits. Names of ONVIF Core, Imaging, Device IO and Analytics specifications, and of what devices say instead. */
const TOPICS: readonly Topic[] = [
  {
    path: /^(?:VideoSource\/MotionAlarm|RuleEngine\/(?:CellMotionDetector|MotionRegionDetector|VideoMotion)\/\w+|RuleEngine\/\w+\/Motion)$/,
    subject: 'camera',
    began: 'camera.motion',
    ended: 'camera.motion-ended',
  },
  {
    path: /^(?:VideoSource\/GlobalSceneChange\/\w+|RuleEngine\/TamperDetector\/\w+|VideoSource\/Tamper\w*|VideoAnalytics\/Tamper\w*)$/,
    subject: 'camera',
    began: 'camera.tamper',
    ended: 'camera.tamper-ended',
  },
  {
    path: /^VideoSource\/(?:SignalLoss|VideoLoss|ConnectionFailed)(?:\/\w+)?$/,
    subject: 'camera',
    began: 'camera.video-loss',
    ended: 'camera.video-restored',
  },
  { path: /^Device\/Trigger\/DigitalInput$/, subject: 'input', began: 'input.active', ended: 'input.inactive' },
  { path: /^Device\/Trigger\/Relay$/, subject: 'output', began: 'output.active', ended: 'output.inactive' },
  {
    path: /^Device\/HardwareFailure\/StorageFailure$/,
    subject: 'device',
    began: 'device.storage-failure',
    ended: 'device.storage-restored',
  },
];

const TOKENS: Record<TopicSubject, readonly string[]> = {
  camera: ['VideoSourceConfigurationToken', 'VideoSourceToken', 'VideoSource', 'Source'],
  input: ['InputToken', 'Token'],
  output: ['RelayToken', 'Token'],
  device: [],
};

export const describeNotification = ({ topic, source, data }: Notification): DescribedEvent => {
  const path = topic.replace(/(^|\/)[\w-]+:/g, '$1');
  const known = TOPICS.find((one) => one.path.test(path));
  const isActive = stateOf(data);
  if (known === undefined) return { type: topic, subject: 'camera', token: tokenOf('camera', source), isActive };
  const { subject, began, ended } = known;
  return { type: isActive === false ? ended : began, subject, token: tokenOf(subject, source), isActive };
};

const tokenOf = (subject: TopicSubject, source: Record<string, string>): string | undefined =>
  TOKENS[subject].map((name) => source[name]).find((token) => token !== undefined);

const STATES = ['IsMotion', 'LogicalState', 'State', 'IsTamper', 'Failed', 'Lost', 'Value'];

/** The item that says it, by one of its usual names, else the first that is a truth value. */
const stateOf = (data: Record<string, string>): boolean | undefined => {
  const named = STATES.map((name) => data[name]).filter((value) => value !== undefined);
  for (const value of [...named, ...Object.values(data)]) {
    if (/^(?:true|1|active)$/i.test(value)) return true;
    if (/^(?:false|0|inactive|idle)$/i.test(value)) return false;
  }
  return undefined;
};
