import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs, timestampDate, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { directory } from '@app/contracts';
import { Code, ConnectError } from '@connectrpc/connect';
import { type Command, CommandFault, type CommandReport, LOWEST_LEVEL, type PtzStatus } from '../commands/index.js';
import type { SiteEntity } from '../site/entity.js';

const { ExecuteResponse_Outcome: Outcome } = directory;
const MAX_NAME = 200;
const MAX_REASON = 200;
const MAX_PRESETS = 256;
/** A host that sets a later deadline gets this one. */
const LONGEST_MS = 60_000;

/** @throws ConnectError InvalidArgument for what no host may ask */
export const readCommand = ({ command }: directory.ExecuteRequest): Command => {
  switch (command.case) {
    case 'ptzMove':
      return moveOf(command.value);
    case 'ptzStop':
      return { kind: 'ptz-stop' };
    case 'ptzGotoPreset':
      return { kind: 'ptz-preset', preset: nameOf(command.value.preset, 'preset') };
    case 'ptzHome':
      return { kind: 'ptz-home' };
    case 'ptzLock':
      return { kind: 'ptz-lock', locked: command.value.locked };
    case 'setOutput':
      return { kind: 'set-output', active: command.value.active };
    case 'setRecording':
      return { kind: 'set-recording', recording: command.value.recording };
    case 'acknowledgeAlarm':
      return { kind: 'acknowledge-alarm', alarmId: nameOf(command.value.alarmId, 'alarm_id') };
    case undefined:
      throw new ConnectError('the command is missing, or of a newer version', Code.InvalidArgument);
  }
};

/** Without one, or beyond the range, it is the lowest: a level is never raised by mistake. */
export const readLevel = (level: number): number => (level >= 1 && level <= LOWEST_LEVEL ? level : LOWEST_LEVEL);

/** What is left until then by the clock of this site. @throws ConnectError DeadlineExceeded when nothing is */
export const deadlineOf = ({ expiresAt }: directory.ExecuteRequest, signal: AbortSignal): AbortSignal => {
  if (expiresAt === undefined) return signal;
  const leftMs = timestampDate(expiresAt).getTime() - Date.now();
  if (!(leftMs > 0)) throw executeFault(new CommandFault('command-expired', 'it arrived after its time'));
  return AbortSignal.any([signal, AbortSignal.timeout(Math.min(Math.ceil(leftMs), LONGEST_MS))]);
};

const OUTCOMES = { done: Outcome.DONE, refused: Outcome.REFUSED, unsupported: Outcome.UNSUPPORTED } as const;

export const toWireReport = ({
  outcome,
  deviceMs,
}: CommandReport): MessageInitShape<typeof directory.ExecuteResponseSchema> => ({
  outcome: OUTCOMES[outcome.outcome],
  reason: 'reason' in outcome ? outcome.reason.slice(0, MAX_REASON) : '',
  ...(deviceMs === undefined ? {} : { deviceTime: durationFromMs(Math.round(deviceMs)) }),
});

/** DeadlineExceeded: it was not begun. Aborted: the device's trouble, the code first. */
export const executeFault = (error: unknown): ConnectError => {
  if (!(error instanceof CommandFault)) return ConnectError.from(error);
  const code = error.code === 'command-expired' ? Code.DeadlineExceeded : Code.Aborted;
  return new ConnectError(`${error.code}: ${error.message}`.slice(0, MAX_REASON), code);
};

export const toWirePtz = (
  { properties }: SiteEntity,
  { hold, lock }: PtzStatus,
): MessageInitShape<typeof directory.GetPtzResponseSchema> => ({
  presets: presetsOf(properties?.['presets']),
  ...(hold === undefined ? {} : { hold: toWireHold(hold) }),
  ...(lock === undefined ? {} : { lock: toWireHold(lock) }),
});

const toWireHold = ({ user, level, until }: NonNullable<PtzStatus['hold']>): directory.PtzHold =>
  create(directory.PtzHoldSchema, { user, userLevel: level, until: timestampFromMs(until) });

/** Connectors put what the device has into the camera's properties: `presets: [{ token, name }]`. */
const presetsOf = (value: unknown): directory.PtzPreset[] =>
  (Array.isArray(value) ? (value as unknown[]) : []).slice(0, MAX_PRESETS).flatMap((one) => {
    const { token: preset, name } = (one ?? {}) as { token?: unknown; name?: unknown };
    if (typeof preset !== 'string' || preset === '') return [];
    return [
      create(directory.PtzPresetSchema, { preset, name: typeof name === 'string' && name !== '' ? name : preset }),
    ];
  });

const moveOf = ({ pan, tilt, zoom }: directory.PtzMove): Command => {
  const isSound = [pan, tilt, zoom].every((velocity) => Math.abs(velocity) <= 1);
  if (!isSound) throw new ConnectError('pan, tilt and zoom are velocities in -1 … 1', Code.InvalidArgument);
  return { kind: 'ptz-move', pan, tilt, zoom };
};

const nameOf = (name: string, member: string): string => {
  if (name === '' || name.length > MAX_NAME)
    throw new ConnectError(`${member} has 1 to ${MAX_NAME} characters`, Code.InvalidArgument);
  return name;
};
