import { AUTHORITY_COMMANDS } from '../commands/authority.commands.js';
import { BACKUP_COMMANDS } from '../commands/backup.commands.js';
import { CAMERA_COMMANDS } from '../commands/camera.commands.js';
import { completionCommands } from '../commands/completion.commands.js';
import { CONTEXT_COMMANDS } from '../commands/context.commands.js';
import { ALARM_COMMANDS } from '../commands/alarm.commands.js';
import { DIAGNOSIS_COMMANDS } from '../commands/diagnosis.commands.js';
import { EVENT_COMMANDS } from '../commands/event.commands.js';
import { ENTITY_COMMANDS } from '../commands/entity.commands.js';
import { KEYFILE_COMMANDS } from '../commands/keyfile.commands.js';
import { OUTPUT_COMMANDS } from '../commands/output.commands.js';
import { ROLE_COMMANDS } from '../commands/role.commands.js';
import { SIGN_IN_COMMANDS } from '../commands/sign-in.commands.js';
import { SITE_COMMANDS } from '../commands/site.commands.js';
import { STREAM_COMMANDS } from '../commands/stream.commands.js';
import { TUNNEL_COMMANDS } from '../commands/tunnel.commands.js';
import { WATCH_COMMANDS } from '../commands/watch.commands.js';
import { AGENT_COMMANDS } from '../commands/agent.commands.js';
import { AUDIT_COMMANDS } from '../commands/audit.commands.js';
import { ONBOARD_COMMANDS } from '../commands/onboard.commands.js';
import { OPERATOR_COMMANDS } from '../commands/operator.commands.js';
import { STREAM_ACCOUNT_COMMANDS } from '../commands/stream-account.commands.js';
import { TOKEN_COMMANDS } from '../commands/token.commands.js';
import { WEBHOOK_COMMANDS } from '../commands/webhook.commands.js';
import type { CommandSpec } from './command.js';

/** The words before a command, in the order of `--help`. */
export const GROUPS: Readonly<Record<string, string>> = {
  site: 'the sites of your tenant',
  keyfile: 'keyfiles, by which sites are connected',
  tunnel: 'which sites are connected now',
  role: 'federation roles, by which a site is used',
  camera: 'cameras of federated sites',
  event: 'what happens at the sites',
  alarm: 'alarms of the sites, and who acknowledged them',
  entity: 'everything that federated sites have',
  output: 'outputs of sites, such as relays',
  stream: 'video',
  'stream-account': 'accounts of recorders, which store stream URLs',
  agent: 'the agents on the sites, and their certificates',
  operator: 'the people who may sign in',
  token: 'API tokens for programs',
  audit: 'what happened, and whether the record of it is whole',
  authority: 'the CAs of the deployment, and their rotation',
  webhook: 'programs that are told what happens',
  context: 'the servers you are signed in at',
};

/** Every command: `--help`, completion and docs/cli.md are made of this list. */
export const COMMANDS: readonly CommandSpec[] = [
  ...SIGN_IN_COMMANDS,
  ...SITE_COMMANDS,
  ...DIAGNOSIS_COMMANDS,
  ...KEYFILE_COMMANDS,
  ...ONBOARD_COMMANDS,
  ...AGENT_COMMANDS,
  ...TUNNEL_COMMANDS,
  ...WATCH_COMMANDS,
  ...ROLE_COMMANDS,
  ...CAMERA_COMMANDS,
  ...EVENT_COMMANDS,
  ...ALARM_COMMANDS,
  ...ENTITY_COMMANDS,
  ...OUTPUT_COMMANDS,
  ...STREAM_ACCOUNT_COMMANDS,
  ...STREAM_COMMANDS,
  ...OPERATOR_COMMANDS,
  ...TOKEN_COMMANDS,
  ...AUDIT_COMMANDS,
  ...AUTHORITY_COMMANDS,
  ...WEBHOOK_COMMANDS,
  ...CONTEXT_COMMANDS,
  ...BACKUP_COMMANDS,
  ...completionCommands(() => COMMANDS),
];
