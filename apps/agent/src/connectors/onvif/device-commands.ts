import { MediaError } from '@app/media';
import { setRelayOutput } from '../../onvif/device-io.js';
import type { OnvifDevice } from '../../onvif/onvif-device.js';
import { Ptz } from '../../onvif/ptz.js';
import type { CommandOutcome, SiteCommand } from '../../site/site-command.js';
import type { InventorySource } from './inventory.js';

export const DONE: CommandOutcome = { outcome: 'done' };
/** @param what the reason, for people */
export const unsupported = (what: string): CommandOutcome => ({
  outcome: 'unsupported',
  reason: `command-unsupported: ${what}`,
});

/** Turns a camera. Rejects with a MediaError when the device is away, slow or refuses the account. */
export const turnCamera = async (
  device: OnvifDevice,
  { ptz }: InventorySource,
  command: SiteCommand,
  signal: AbortSignal,
): Promise<CommandOutcome> => {
  if (ptz === undefined) return unsupported('this camera cannot be turned');
  const turns = new Ptz(device, ptz.profile);
  switch (command.kind) {
    case 'ptz-move':
      return settled(turns.move(command, command.timeoutMs, signal));
    case 'ptz-stop':
      return settled(turns.stop(signal));
    case 'ptz-home':
      return settled(turns.goHome(signal));
    case 'ptz-preset': {
      const { preset } = command;
      const known =
        ptz.presets.find(({ token }) => token === preset) ?? ptz.presets.find(({ name }) => name === preset);
      // One that was made since the presets were read has a token that the device knows.
      return settled(turns.goTo(known?.token ?? preset, signal));
    }
    case 'set-output':
    case 'set-recording':
    case 'acknowledge-alarm':
      return unsupported('a camera can only be turned');
  }
};

/** Sets a relay output. Rejects with a MediaError when the device is away, slow or refuses the account. */
export const switchOutput = async (
  device: OnvifDevice,
  token: string,
  command: SiteCommand,
  signal: AbortSignal,
): Promise<CommandOutcome> =>
  command.kind === 'set-output'
    ? settled(setRelayOutput(device, token, command.active, signal))
    : unsupported('an output can only be set');

export const unsupportedByInput = (): CommandOutcome => unsupported('an input can only be read');

const settled = (asked: Promise<void>): Promise<CommandOutcome> => answered(asked.then(() => DONE));

/** What the device says no to is an answer. */
export const answered = async (asked: Promise<CommandOutcome>): Promise<CommandOutcome> => {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    if (error.code === 'camera-replay-refused') return unsupported('the device does not know this command');
    if (error.code !== 'camera-refused') throw error;
    return { outcome: 'refused', reason: `camera-refused: ${error.message}` };
  }
};
