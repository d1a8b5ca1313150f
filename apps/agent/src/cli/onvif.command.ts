import { proposeSiteLabel } from '@app/contracts';
import { asMediaError } from '@app/media';
import { probeDevice, serviceUrlOf, type DeviceProbe, type SiteDevice, SiteDevices } from '../connectors/index.js';
import { AgentError, EXIT, type ExitCode } from '../errors.js';
import { StateDirectory } from '../state/state-directory.js';
import { askPassword, type PasswordFlags } from './camera-password.js';
import type { CommandContext } from './command.context.js';
import { type Flags, stateToAddTo } from './settings.js';

export interface OnvifFlags extends Flags, PasswordFlags {
  name?: string;
  id?: string;
  area?: string;
  replace?: boolean;
  /** False by `--no-probe`. */
  probe: boolean;
  json?: boolean;
}

/** Signs in to the device, then puts it on the list; a running agent takes it from there. */
export const addDevice = async (address: string, flags: OnvifFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const service = serviceOf(address);
  const { hostname } = new URL(service);
  const { user, area } = flags;
  const account = user === undefined ? undefined : { user, password: await askPassword(user, flags, terminal) };
  const probed = flags.probe ? await probeDevice(service, account) : undefined;
  const name = flags.name ?? (probed?.model || hostname);
  const state = await stateToAddTo(flags, context.environment());
  const devices = new SiteDevices(state.path);
  const id = flags.id ?? freeId(proposeSiteLabel(`${name}-${hostname}`), await devices.read());
  await devices.add({ id, name, address, ...(area === undefined ? {} : { area }) }, account, flags.replace === true);
  if (flags.json === true) terminal.json({ id, name, ...probed });
  else {
    terminal.print(`Device ${id} ("${name}") is on the list.`);
    if (probed !== undefined) terminal.print(`  ${describeDevice(probed)}`);
  }
  return EXIT.ok;
};

export const listDevices = async (flags: OnvifFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const rows = (await (await openDevices(flags, context)).read()).map(rowOf);
  if (flags.json === true) terminal.json(rows);
  else if (rows.length === 0) terminal.note('No device is listed: adit-agent onvif add ADDRESS');
  else terminal.table(rows.map((row) => Object.values(row)));
  return EXIT.ok;
};

/** Where a device's password is, never the password. */
const rowOf = ({ entry, service, account, fault, isInList }: SiteDevice): Record<string, string> => {
  const stored = account === undefined ? 'none' : 'stored';
  const { id, name, area = '' } = entry;
  return { id, name, account: isInList ? 'in-list' : (fault?.code ?? stored), address: service, area };
};

export const removeDevice = async (id: string, flags: OnvifFlags, context: CommandContext): Promise<ExitCode> => {
  await (await openDevices(flags, context)).remove(id);
  context.terminal.print(`Device ${id} is off the list.`);
  return EXIT.ok;
};

/** Sets the account of a device; a running agent uses it within two seconds. */
export const setDevicePassword = async (id: string, flags: OnvifFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const devices = await openDevices(flags, context);
  const known = (await devices.read()).find(({ entry }) => entry.id === id);
  if (known === undefined)
    throw new AgentError('camera-invalid', `The list has no device ${id}`, 'adit-agent onvif list shows them');
  const user = flags.user ?? known.account?.user;
  if (user === undefined) throw new AgentError('camera-invalid', `Device ${id} has no account yet`, 'Name it: --user');
  await devices.setAccount(id, { user, password: await askPassword(user, flags, terminal) });
  terminal.print(`The account of device ${id} is set.`);
  return EXIT.ok;
};

export interface DeviceResult {
  id: string;
  ok: boolean;
  code: string;
  detail: string;
}

export const testDevice = async ({ entry: { id }, service, account, fault }: SiteDevice): Promise<DeviceResult> => {
  if (fault !== undefined) return { id, ok: false, code: fault.code, detail: fault.message };
  try {
    return { id, ok: true, code: 'camera-ok', detail: describeDevice(await probeDevice(service, account)) };
  } catch (error) {
    const { code, message } = asMediaError(error, 'camera-refused');
    return { id, ok: false, code, detail: `${service}: ${message}` };
  }
};

const describeDevice = ({ model, cameras, profiles, skewMs }: DeviceProbe): string => {
  const seconds = Math.round(skewMs / 1000);
  const clock = Math.abs(seconds) > 5 ? `, its clock is ${seconds} s off` : '';
  return `${model}: ${cameras} cameras with ${profiles} profiles${clock}`;
};

/** Of a state directory that is there. */
export const openDevices = async (flags: Flags, context: CommandContext): Promise<SiteDevices> =>
  new SiteDevices((await StateDirectory.open(flags.state ?? context.environment().ADIT_STATE_DIR)).path);

/** A password on the command line is in the list of processes and in the shell's history. */
const serviceOf = (address: string): string => {
  const service = serviceUrlOf(address);
  if (service === undefined)
    throw new AgentError('camera-invalid', 'An address is a host, host:port or an http:// URL');
  const { username, password } = new URL(service);
  if (username === '' && password === '') return service;
  throw new AgentError(
    'camera-invalid',
    'An address names no account',
    'Name it with --user; its password is asked for',
  );
};

const freeId = (proposed: string, devices: readonly SiteDevice[]): string => {
  const base = (proposed === '' ? 'device' : proposed).slice(0, 40).replace(/[^a-z0-9]+$/, '');
  const taken = new Set(devices.map(({ entry }) => entry.id));
  if (!taken.has(base)) return base;
  let number = 2;
  while (taken.has(`${base}-${number}`)) number++;
  return `${base}-${number}`;
};
