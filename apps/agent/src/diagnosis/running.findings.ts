import { type Finding, ok } from '../check/finding.js';
import type { Status } from '../status/status.js';
import type { SeenStatus } from '../status/status.file.js';
import { formatRate } from '../uplink/rate.js';
import { wordsFor } from './outage-words.js';

const SLOW_MS = 500;
/** Less carries no camera. */
const NARROW_BITS_PER_SECOND = 1e6;

const wrong = (
  level: 'warning' | 'failure',
  [subject, target, code]: [string, string, string],
  detail: string,
  advice: string,
): Finding => ({ subject, target, code, level, detail, advice });

/** What the agent says of itself in its status, while it runs and after it has ended. */
export const runningFindings = (seen: SeenStatus | undefined): Finding[] => {
  if (seen === undefined || !seen.alive) return [notRunning(seen)];
  const { status } = seen;
  const about = `process ${status.pid}, since ${status.startedAt}`;
  return [
    ok('agent', String(status.pid), 'agent-running', about),
    tunnelFinding(status),
    ...renewalFindings(status),
    ...uplinkFindings(status),
    ...eventFindings(status),
    ...recordFindings(status),
  ];
};

const notRunning = (seen: SeenStatus | undefined): Finding => {
  const detail =
    seen === undefined ? 'it has not run here yet' : `its last sign of life is of ${seen.status.writtenAt}`;
  return wrong(
    'failure',
    ['agent', '-', 'agent-not-running'],
    detail,
    'Start it: adit-agent run, or by its supervisor',
  );
};

const tunnelFinding = ({ tunnel, troubles }: Status): Finding => {
  const target = tunnel.broker ?? '-';
  if (tunnel.state === 'up') return ok('tunnel', target, 'tunnel-up', `since ${tunnel.since}`);
  const [last] = troubles;
  const next = tunnel.nextAttemptAt === null ? '' : `; next attempt ${tunnel.nextAttemptAt}`;
  const code = last?.code ?? 'tunnel-connecting';
  const detail = `down since ${tunnel.since}: ${last?.message ?? 'the first attempt is under way'}${next}`;
  return wrong('failure', ['tunnel', target, code], detail, last?.advice ?? wordsFor(code).advice);
};

const renewalFindings = ({ certificate }: Status): Finding[] => {
  if (certificate === undefined) return [];
  const { serial, renewAt, notAfter, lastRenewal } = certificate;
  if (lastRenewal === null || lastRenewal.code === 'renewed') {
    return [ok('renewal', serial, 'renewal-planned', `next ${renewAt}, valid until ${notAfter}`)];
  }
  const detail = `${lastRenewal.code}: ${lastRenewal.message}; valid until ${notAfter}`;
  return [wrong('warning', ['renewal', serial, 'renewal-failed'], detail, wordsFor(lastRenewal.code).advice)];
};

const uplinkFindings = ({ tunnel, uplink }: Status): Finding[] => {
  if (uplink === undefined || tunnel.state !== 'up') return [];
  const { limitBitsPerSecond, capacityBitsPerSecond } = uplink;
  const rate = (bits: number): string => formatRate(Math.round(bits / 1e3) * 1e3);
  const capacity = capacityBitsPerSecond ?? undefined;
  const detail = [
    tunnel.rttMs === null ? 'round trip unknown' : `round trip ${tunnel.rttMs} ms`,
    `limit ${limitBitsPerSecond === null ? 'none' : rate(limitBitsPerSecond)}`,
    capacity === undefined ? 'never full, so what it carries is unknown' : `carries ${rate(capacity)}`,
  ].join(', ');
  const about = (code: string): [string, string, string] => ['uplink', tunnel.broker ?? '-', code];
  if ((tunnel.rttMs ?? 0) >= SLOW_MS) {
    return [wrong('warning', about('uplink-slow'), detail, 'Look at the line, and at what else uses it')];
  }
  if (capacity !== undefined && capacity < NARROW_BITS_PER_SECOND) {
    return [wrong('warning', about('uplink-narrow'), detail, 'Let video use less of it: docs/video-uplink.md')];
  }
  return [ok(...about('uplink-ok'), detail)];
};

const eventFindings = ({ events }: Status): Finding[] => {
  if (events === undefined) return [];
  const { count, discarded, unstored, waiting, fault } = events;
  const about = (code: string): [string, string, string] => ['events', '-', code];
  const disk = 'Look at the disk under the state directory';
  if (fault !== null) {
    return [wrong('failure', about('events-not-written'), `${waiting} wait: ${fault}`, disk)];
  }
  if (unstored > 0) return [wrong('warning', about('events-lost'), `${unstored} could not be kept`, disk)];
  return [ok(...about('events-ok'), `${count} kept, ${discarded} discarded by age or size`)];
};

const recordFindings = ({ record }: Status): Finding[] => {
  if (record === undefined) return [];
  const { outages, unsent, lost, unwritten, fault } = record;
  const about = (code: string): [string, string, string] => ['record', '-', code];
  if (fault === null)
    return [
      ok(...about('record-ok'), `${outages} outages kept, ${unsent} not reported yet, ${lost} forgotten unreported`),
    ];
  const detail = `${unwritten} changes stand in memory alone: ${fault}`;
  return [wrong('warning', about('record-not-written'), detail, 'Look at the disk under the state directory')];
};
