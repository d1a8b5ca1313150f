import { AgentError, EXIT, type ExitCode } from '../errors.js';
import { IdentityStore } from '../identity/identity.store.js';
import { SITE_KEY_FILE } from '../identity/site-certificate.store.js';
import { CAMERA_LIST_FILE, ONVIF_KNOWN_FILE, ONVIF_LIST_FILE, SiteCameras } from '../connectors/index.js';
import { EVENT_FILES } from '../events/event-files.js';
import { RECORD_FILES } from '../record/index.js';
import { StateDirectory } from '../state/state-directory.js';
import { StateLock } from '../state/state-lock.js';
import { STATUS_FILE } from '../status/status.file.js';
import { USERS_FILE } from '../users/user.store.js';
import type { CommandContext } from './command.context.js';
import type { Flags } from './settings.js';

export interface ResetFlags extends Flags {
  all?: boolean;
}

/** Forgets the site's identity; the cloud learns nothing of it. */
export const reset = async (flags: ResetFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const state = await StateDirectory.open(flags.state ?? context.environment().ADIT_STATE_DIR);
  const lock = await StateLock.acquire(state);
  try {
    const store = new IdentityStore(state);
    const existing = await store.load().catch(() => undefined);
    const what = existing === undefined ? 'what there is of an identity' : `the identity of "${existing.siteName}"`;
    const also =
      flags.all === true ? ', its cameras, users, events and TLS key' : '; cameras, users, events and TLS key stay';
    await confirm(`Remove ${what}${also}? Connecting again needs a new keyfile.`, flags, context);
    await store.clear();
    // The next identity may be of another host, whom this one's outages do not concern.
    for (const name of [STATUS_FILE, ...RECORD_FILES]) await state.remove(name);
    if (flags.all === true) {
      const lists = [CAMERA_LIST_FILE, ONVIF_LIST_FILE, ONVIF_KNOWN_FILE, ...EVENT_FILES];
      for (const name of [...lists, USERS_FILE, SITE_KEY_FILE]) await state.remove(name);
      await new SiteCameras(state.path).accounts.clear();
    }
    terminal.print(`Removed ${what}. To connect again, ask for a replacement keyfile.`);
    return EXIT.ok;
  } finally {
    await lock.release();
  }
};

const confirm = async (question: string, flags: ResetFlags, { terminal }: CommandContext): Promise<void> => {
  if (flags.yes === true) return;
  if (terminal.ask === undefined) {
    throw new AgentError('not-confirmed', 'Nobody is there to confirm the reset', 'Confirm with --yes');
  }
  if (!(await terminal.ask(question))) throw new AgentError('not-confirmed', 'Not confirmed: nothing was changed');
};
