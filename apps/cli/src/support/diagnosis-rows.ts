import type { Diagnosis, Outage } from '../api/diagnosis-shape.js';
import { instant, lasting, relative } from '../output/time.js';

type Row = [string, string];

/** A diagnosis for people: the verdict first, then both ends. */
export const diagnosisRows = (diagnosis: Diagnosis): Row[] => {
  const { verdict, further, outages } = diagnosis;
  return [
    ['Verdict', `${verdict.state}: ${verdict.code}`],
    ['Because', verdict.detail],
    ['Advice', verdict.advice],
    ...further.map(({ code, detail, advice }): Row => ['Also', `${code}: ${detail}; ${advice}`]),
    ...hostRows(diagnosis),
    ...siteRows(diagnosis),
    ...outages.map((outage): Row => ['Outage', outageText(outage)]),
    ...cameraRows(diagnosis),
  ];
};

const hostRows = ({ host, roles, hops, slowHop }: Diagnosis): Row[] => {
  const since = host.since === null ? '' : ` since ${instant(host.since)}`;
  const measured = hops.filter(({ ms }) => ms !== null);
  const hopText = measured.map(
    ({ name, ms }) => `${name} ${Math.round(ms ?? 0)} ms${name === slowHop ? ' (slow)' : ''}`,
  );
  return [
    ['Tunnel', `${host.tunnel}${since}`],
    ...(host.lastEnd ? [['Last end', `${host.lastEnd.reason}, ${instant(host.lastEnd.at)}`] as Row] : []),
    ...(roles === null ? [['Role', 'the federation app does not answer'] as Row] : roles.map(roleRow)),
    ...(hopText.length === 0 ? [] : [['Round trips', hopText.join(', ')] as Row]),
  ];
};

const roleRow = ({ name, state, reason, since, lastContactAt }: NonNullable<Diagnosis['roles']>[number]): Row => {
  const why = reason === null ? '' : `: ${reason}`;
  return ['Role', `${name} is ${state} since ${relative(since)}${why}; last contact ${relative(lastContactAt)}`];
};

const siteRows = ({ site, uplink }: Diagnosis): Row[] => {
  const { limitBitsPerSecond, capacityBitsPerSecond, videoBitsPerSecond } = uplink;
  const known = [
    `video ${mbit(videoBitsPerSecond)}`,
    ...(capacityBitsPerSecond === null ? [] : [`measured ${mbit(capacityBitsPerSecond)}`]),
    ...(limitBitsPerSecond === null ? [] : [`limit ${mbit(limitBitsPerSecond)}`]),
  ];
  const told = site
    ? `agent ${site.agentVersion}, started ${relative(site.startedAt)}, told ${relative(site.reportedAt)}`
    : 'has told nothing of itself';
  return [
    ['Site', told],
    ['Uplink', known.join(', ')],
  ];
};

const outageText = ({ from, to, host, site }: Outage): string => {
  const length = to === null ? 'lasts' : `for ${lasting(Date.parse(to) - Date.parse(from))}`;
  const faults = site?.faults.map(({ code, endpoint, count }) => `${code} ${endpoint} ×${count}`) ?? [];
  const restarts = site !== null && site.restarts > 0 ? [`${site.restarts} restarts`] : [];
  const seen = [
    `host: ${host ? (host.reason ?? 'not known') : 'not noticed'}`,
    `site: ${site ? [site.cause, ...restarts, ...faults].join(', ') : 'not told'}`,
  ];
  return `${instant(from)} ${length}; ${seen.join('; ')}`;
};

const cameraRows = ({ cameras: { online, offline, unknown, troubled } }: Diagnosis): Row[] => [
  ['Cameras', `${online} online, ${offline} offline, ${unknown} unknown`],
  ...troubled.map(({ name, state, reason, since }): Row => {
    return ['Camera', `${name} is ${state} since ${relative(since)}${reason === null ? '' : `: ${reason}`}`];
  }),
];

const mbit = (bitsPerSecond: number): string => `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
