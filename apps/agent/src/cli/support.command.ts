import { proposeSiteLabel } from '@app/contracts';
import { diagnose } from '../diagnosis/diagnosis.js';
import { EXIT, type ExitCode } from '../errors.js';
import { IdentityStore } from '../identity/identity.store.js';
import { AGENT_FILE } from '../run/agent-file.js';
import { StateDirectory } from '../state/state-directory.js';
import { readStatus } from '../status/status.file.js';
import { knownSecrets } from '../support/known-secrets.js';
import { Redaction } from '../support/redaction.js';
import { writeArchive, zipOf } from '../support/support-archive.js';
import { camerasPart, configPart, devicesPart, filesPart, versionsPart } from '../support/support-parts.js';
import { checkAll } from './check.command.js';
import type { CommandContext } from './command.context.js';
import { type Flags, proxySettings } from './settings.js';

export interface SupportFlags extends Flags {
  output?: string;
  force?: boolean;
}

const README = `What a helper needs to see of this site. Made by adit-agent support.
versions.json  what runs here           config.json   settings, without secrets
status.json    of the running agent     diag.json     adit-agent diag --json
record.json    times without a tunnel   files.json    names and sizes in the state directory
cameras.json   the camera list          onvif.json    the list of ONVIF devices
Keys, passwords, tokens, and users and queries of addresses are not in it. Names and addresses of this site are.
`;

/** Packs what a helper needs to see into a ZIP file. */
export const support = async (flags: SupportFlags, context: CommandContext): Promise<ExitCode> => {
  const environment = context.environment();
  const state = await StateDirectory.open(flags.state ?? environment.ADIT_STATE_DIR);
  const redaction = new Redaction(await knownSecrets(state, environment, flags.proxy));
  const path = flags.output ?? (await defaultName(state));
  const parts = await partsOf(state, flags, context);
  const files = new Map([['README.txt', README]]);
  for (const [name, part] of Object.entries(parts)) {
    files.set(`${name}.json`, `${JSON.stringify(redaction.value(part), null, 2)}\n`);
  }
  await writeArchive(path, await zipOf(files), flags.force === true);
  context.terminal.print(`${path}: look at it before you send it; it names this site's addresses.`);
  return EXIT.ok;
};

const partsOf = async (
  state: StateDirectory,
  flags: SupportFlags,
  context: CommandContext,
): Promise<Record<string, unknown>> => {
  const environment = context.environment();
  const agentFile = flags.config ?? environment.ADIT_CONFIG_FILE ?? state.file(AGENT_FILE);
  const { outages, ...diag } = await diagnose(state, await checkAll(state, flags, context));
  const seen = await readStatus(state, Date.now()).catch(() => undefined);
  return {
    versions: versionsPart(environment),
    config: await configPart(environment, agentFile, proxySettings(flags, environment)),
    status: seen === undefined ? null : { running: seen.alive, ...seen.status },
    diag,
    record: outages,
    files: await filesPart(state),
    cameras: await camerasPart(state),
    onvif: await devicesPart(state),
  };
};

const defaultName = async (state: StateDirectory): Promise<string> => {
  const identity = await new IdentityStore(state).load().catch(() => undefined);
  const site = proposeSiteLabel(identity?.siteName ?? '');
  return `adit-support-${site}-${new Date().toISOString().slice(0, 10)}.zip`;
};
