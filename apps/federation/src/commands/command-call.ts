import type { EntityCommand } from '@app/contracts';
import type { CommandCall } from '../connections/directory-session.js';

/** A command as the directory protocol has it. */
export const toCall = (command: EntityCommand): NonNullable<CommandCall['command']> => {
  switch (command.kind) {
    case 'ptz-move': {
      const { pan, tilt, zoom } = command;
      return { case: 'ptzMove', value: { pan, tilt, zoom } };
    }
    case 'ptz-stop':
      return { case: 'ptzStop', value: {} };
    case 'ptz-preset':
      return { case: 'ptzGotoPreset', value: { preset: command.preset } };
    case 'ptz-home':
      return { case: 'ptzHome', value: {} };
    case 'ptz-lock':
      return { case: 'ptzLock', value: { locked: command.locked } };
    case 'set-output':
      return { case: 'setOutput', value: { active: command.active } };
    case 'set-recording':
      return { case: 'setRecording', value: { recording: command.recording } };
  }
};
