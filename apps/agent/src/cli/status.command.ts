import { EXIT, type ExitCode } from '../errors.js';
import { IdentityStore } from '../identity/identity.store.js';
import { StateDirectory } from '../state/state-directory.js';
import type { CertificateStatus, EventStatus, Status, Traffic } from '../status/status.js';
import { readStatus, type SeenStatus } from '../status/status.file.js';
import { formatRate } from '../uplink/rate.js';
import type { CommandContext } from './command.context.js';
import type { Flags } from './settings.js';

const UNITS = [
  { least: 1, name: 'B' },
  { least: 1e3, name: 'kB' },
  { least: 1e6, name: 'MB' },
  { least: 1e9, name: 'GB' },
  { least: 1e12, name: 'TB' },
];

export interface StatusFlags extends Flags {
  json?: boolean;
  /** Says by the exit code alone whether the tunnel is up. */
  check?: boolean;
}

/** Shows what the running agent last wrote about itself. */
export const showStatus = async (flags: StatusFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const state = await StateDirectory.open(flags.state ?? context.environment().ADIT_STATE_DIR);
  const seen = await readStatus(state, Date.now());
  const isUp = seen?.alive === true && seen.status.tunnel.state === 'up';
  if (flags.json === true) {
    terminal.json(seen === undefined ? { running: false } : { running: seen.alive, ...seen.status });
  } else if (flags.check !== true) {
    const identity = await new IdentityStore(state).load();
    if (seen === undefined) terminal.table(neverRan(identity?.siteName));
    else terminal.table(rowsOf(seen));
  }
  return flags.check === true && !isUp ? EXIT.negative : EXIT.ok;
};

const neverRan = (siteName: string | undefined): string[][] => [
  ['Site', siteName ?? 'not enrolled'],
  ['Agent', 'has not run yet: adit-agent run'],
];

const rowsOf = ({ status, alive }: SeenStatus): string[][] => {
  const { site, tunnel, troubles, services, cameras, uplink } = status;
  const rows = [
    ['Site', `${site.siteName} (${site.siteId})`],
    ['Agent', alive ? `running, process ${status.pid}, since ${status.startedAt}` : 'not running'],
    ['Certificate', `valid until ${site.certificateNotAfter}`],
    ...renewalRows(status.certificate),
    ['Tunnel', alive ? `${tunnel.state} since ${tunnel.since}` : 'down'],
  ];
  if (tunnel.broker !== null) rows.push(['Broker', tunnel.broker]);
  if (tunnel.proxy !== null) rows.push(['Proxy', tunnel.proxy]);
  if (tunnel.rttMs !== null) rows.push(['Round trip', `${tunnel.rttMs} ms`]);
  rows.push(...trafficRows(tunnel.traffic));
  if (uplink !== undefined) rows.push(['Uplink limit', limitOf(uplink)], ...capacityRows(uplink));
  rows.push(...eventRows(status.events));
  if (tunnel.clockSkewMs !== null) rows.push(['Clock skew', `${tunnel.clockSkewMs} ms`]);
  if (tunnel.nextAttemptAt !== null) rows.push(['Next attempt', tunnel.nextAttemptAt]);
  for (const [name, address] of Object.entries(services)) rows.push([`Service ${name}`, address]);
  for (const { code, message, advice, at } of troubles) {
    rows.push(['Trouble', `${at} ${code}: ${message}${advice === undefined ? '' : `. ${advice}`}`]);
  }
  for (const camera of cameras) {
    rows.push([`Camera ${camera.id}`, `${camera.name}: ${camera.state} ${camera.reason ?? ''}`.trimEnd()]);
  }
  return rows;
};

const renewalRows = (certificate: CertificateStatus | undefined): string[][] => {
  if (certificate === undefined) return [];
  const { notBefore, renewAt, lastRenewal, serial } = certificate;
  const rows = [
    ['Certificate serial', `${serial}, since ${notBefore}`],
    ['Next renewal', renewAt],
  ];
  if (lastRenewal !== null) rows.push(['Last renewal', `${lastRenewal.code}: ${lastRenewal.message}`]);
  return rows;
};

const limitOf = ({ limitBitsPerSecond, scheduleLine }: NonNullable<Status['uplink']>): string => {
  const limit = formatRate(limitBitsPerSecond ?? Number.POSITIVE_INFINITY);
  return scheduleLine === null ? limit : `${limit} (line ${scheduleLine} of the schedule)`;
};

const capacityRows = ({ capacityBitsPerSecond }: NonNullable<Status['uplink']>): string[][] =>
  typeof capacityBitsPerSecond === 'number'
    ? [['Uplink carries', formatRate(Math.round(capacityBitsPerSecond / 1e3) * 1e3)]]
    : [];

const trafficRows = (traffic: Traffic | null | undefined): string[][] => {
  if (traffic === null || traffic === undefined) return [];
  const { lanes, resumes, bytesSent, bytesReceived, bytesResent, classes } = traffic;
  const again = (bytes: number): string => (bytes === 0 ? '' : `, ${bytesOf(bytes)} of it again`);
  return [
    ['Connections', `${lanes}, resumed ${resumes} times`],
    ['Carried', `sent ${bytesOf(bytesSent)}${again(bytesResent)}, received ${bytesOf(bytesReceived)}`],
    ...Object.entries(classes).map(([name, of]) => [
      `Carried, ${name}`,
      `sent ${bytesOf(of.bytesSent)}${again(of.bytesResent)}, received ${bytesOf(of.bytesReceived)}; ${of.channels} channels`,
    ]),
  ];
};

const eventRows = (events: EventStatus | undefined): string[][] => {
  if (events === undefined) return [];
  const { count, bytes, oldestAt, discarded, unstored, waiting, fault } = events;
  const since = oldestAt === null ? '' : `, since ${oldestAt}`;
  const rows = [['Events', `${count} kept (${bytesOf(bytes)})${since}`]];
  if (discarded > 0) rows.push(['Events discarded', `${discarded} by age or size`]);
  if (unstored > 0) rows.push(['Events lost', `${unstored} could not be kept`]);
  if (fault !== null) rows.push(['Events waiting', `${waiting}: ${fault}`]);
  return rows;
};

export const bytesOf = (bytes: number): string => {
  const unit = UNITS.findLast(({ least }) => bytes >= least) ?? { least: 1, name: 'B' };
  return `${Number((bytes / unit.least).toPrecision(3))} ${unit.name}`;
};
