import { checkNetwork, identitySubject, keyfileSubject, missingSubject, type Subject } from '../check/check.service.js';
import { checkDiscovery, discoveryPlace } from '../check/discovery.check.js';
import { failure, type Finding, ok } from '../check/finding.js';
import { SiteCameras, SiteDevices } from '../connectors/index.js';
import type { AgentEnvironment } from '../config.js';
import { AgentError, EXIT, type ExitCode } from '../errors.js';
import { IdentityStore } from '../identity/identity.store.js';
import { openKeyfile } from '../keyfile/keyfile.service.js';
import { EndpointDialer } from '../network/endpoint.dialer.js';
import { StateDirectory } from '../state/state-directory.js';
import { readStatus } from '../status/status.file.js';
import { adviceOf } from './advice.js';
import { testCamera } from './camera.command.js';
import type { CommandContext } from './command.context.js';
import { testDevice } from './onvif.command.js';
import { accessOf, type Flags, keyfileOrigin, passphraseSource, proxySettings } from './settings.js';

export interface CheckFlags extends Flags {
  json?: boolean;
}

/** Looks at everything a site needs, before or after its enrolment; changes nothing. */
export const check = async (flags: CheckFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const environment = context.environment();
  const state = await StateDirectory.open(flags.state ?? environment.ADIT_STATE_DIR).catch(() => undefined);
  const findings = await checkAll(state, flags, context);
  const passed = findings.every(({ level }) => level !== 'failure');
  if (flags.json === true) terminal.json({ ok: passed, findings });
  else printFindings(findings, terminal);
  return passed ? EXIT.ok : EXIT.negative;
};

/** Identity or keyfile, the way to the cloud, cameras and devices. */
export const checkAll = async (
  state: StateDirectory | undefined,
  flags: CheckFlags,
  context: CommandContext,
): Promise<Finding[]> => {
  const environment = context.environment();
  const dialer = new EndpointDialer(proxySettings(flags, environment), 5_000, 5_000);
  context.terminal.progress('looking at the way to the cloud …');
  const findings = await checkSite(dialer, state, flags, context, environment);
  context.terminal.progress('looking at cameras and devices …');
  if (state !== undefined) findings.push(...(await checkCameras(state)), ...(await checkDevices(state)));
  context.terminal.progress('');
  const discovery = checkDiscovery(discoveryPlace(environment.ADIT_CONTAINER));
  return discovery.level === 'ok' ? findings : [...findings, discovery];
};

export const printFindings = (findings: readonly Finding[], terminal: CommandContext['terminal']): void => {
  terminal.table(findings.map(rowOf));
  const told = findings.flatMap(({ code, advice }) => (advice === undefined ? [] : [`${code}: ${advice}`]));
  // Many cameras may have the same fault.
  for (const line of new Set(told)) terminal.note(line);
};

const MARK = { ok: 'ok', warning: 'warn', failure: 'FAIL' } as const;
const rowOf = ({ level, subject, target, code, detail }: Finding): string[] => [
  MARK[level],
  subject,
  target,
  code,
  detail,
];

const checkSite = async (
  dialer: EndpointDialer,
  state: StateDirectory | undefined,
  flags: CheckFlags,
  context: CommandContext,
  environment: AgentEnvironment,
): Promise<Finding[]> => {
  try {
    const subject = await findSubject(state, flags, context, environment);
    const seen = state === undefined ? undefined : await readStatus(state, Date.now());
    const skewMs = seen?.alive === true ? (seen.status.tunnel.clockSkewMs ?? undefined) : undefined;
    return [subject.finding, ...(await checkNetwork(dialer, subject, skewMs))];
  } catch (error) {
    return missingSubject(error);
  }
};

const findSubject = async (
  state: StateDirectory | undefined,
  flags: CheckFlags,
  { terminal }: CommandContext,
  environment: AgentEnvironment,
): Promise<Subject> => {
  const identity = state === undefined ? undefined : await new IdentityStore(state).load();
  if (identity !== undefined) return identitySubject(identity, Date.now());
  const opened = await openKeyfile(keyfileOrigin(flags, environment), terminal.input, {
    ...accessOf(flags, { terminal, environment }),
    now: new Date(),
    passphrase: passphraseSource(flags, { terminal, environment }),
  });
  if (opened !== undefined) return keyfileSubject(opened);
  const advice = 'Give the keyfile with --keyfile: checking does not use it up';
  throw new AgentError('identity-missing', 'There is neither an identity nor a keyfile: no endpoint is known', advice);
};

const checkCameras = async (state: StateDirectory): Promise<Finding[]> => {
  try {
    const cameras = await new SiteCameras(state.path).read();
    const results = (await Promise.all(cameras.map(testCamera))).flat();
    const findings = results.map((result) =>
      result.ok
        ? ok('camera', result.id, result.code, result.detail)
        : { ...failure('camera', result.id, advised(result)), detail: `${result.url}: ${result.detail}` },
    );
    const inList = cameras.filter(({ isInList }) => isInList).map(({ entry }) => entry.id);
    return [...findings, ...inList.map(passwordInList)];
  } catch (error) {
    return [failure('camera', '-', error)];
  }
};

const advised = (result: { code: string }): { code: string; advice?: string } => {
  const advice = adviceOf(result.code);
  return advice === undefined ? { code: result.code } : { code: result.code, advice };
};

const checkDevices = async (state: StateDirectory): Promise<Finding[]> => {
  try {
    const results = await Promise.all((await new SiteDevices(state.path).read()).map(testDevice));
    return results.map((result) =>
      result.ok
        ? ok('onvif', result.id, result.code, result.detail)
        : { ...failure('onvif', result.id, advised(result)), detail: result.detail },
    );
  } catch (error) {
    return [failure('onvif', '-', error)];
  }
};

const passwordInList = (id: string): Finding => ({
  subject: 'camera',
  target: id,
  code: 'camera-password-in-list',
  level: 'warning',
  detail: 'cameras.yaml holds its password',
  advice: '`adit-agent camera import` moves it into the encrypted store',
});
