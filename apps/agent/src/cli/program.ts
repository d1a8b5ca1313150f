import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { EXIT, type ExitCode } from '../errors.js';
import { AGENT_VERSION } from '../version.js';
import { type AccountFlags, importAccounts, setPassword } from './camera-account.command.js';
import { addCamera, type CameraFlags, listCameras, removeCamera, testCameras } from './camera.command.js';
import { check, type CheckFlags } from './check.command.js';
import type { CommandContext } from './command.context.js';
import { diag, type DiagFlags } from './diag.command.js';
import { discover, type DiscoverFlags } from './discover.command.js';
import { enrol, type EnrolFlags } from './enrol.command.js';
import { type EventFlags, showEvents } from './events.command.js';
import { describeFailure } from './failure.js';
import { HELP } from './help.js';
import { inspect } from './inspect.command.js';
import { addDevice, listDevices, type OnvifFlags, removeDevice, setDevicePassword } from './onvif.command.js';
import { renew, type RenewFlags } from './renew.command.js';
import { reset, type ResetFlags } from './reset.command.js';
import { run } from './run.command.js';
import type { Flags } from './settings.js';
import { showStatus, type StatusFlags } from './status.command.js';
import { support, type SupportFlags } from './support.command.js';
import {
  addUser,
  allowUser,
  listUsers,
  removeUser,
  type RightsFlags,
  setUserPassword,
  type UserFlags,
} from './user.command.js';

type Finish = (ending: Promise<ExitCode>) => Promise<void>;

/** Runs one command line. @param argv without node and script @returns the exit code, see docs/agent.md */
export const runCli = async (argv: readonly string[], context: CommandContext): Promise<ExitCode> => {
  let exitCode: ExitCode = EXIT.ok;
  const program = createProgram(context, async (ending) => {
    exitCode = await ending;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const failure = describeFailure(error);
    context.terminal.progress('');
    context.terminal.note(failure.text);
    return failure.exitCode;
  }
};

const createProgram = (context: CommandContext, finish: Finish): Command => {
  const program = new Command('adit-agent')
    .description('Connects a video-surveillance site to its cloud by one outbound TLS connection')
    .version(AGENT_VERSION)
    .exitOverride()
    .showHelpAfterError('(adit-agent --help lists the commands)')
    .configureOutput({
      writeOut: (text) => context.terminal.print(text.trimEnd()),
      writeErr: (text) => context.terminal.note(text.trimEnd()),
    })
    .addHelpText('after', HELP.program);
  addEnrolment(program, context, finish);
  addRunning(program, context, finish);
  addDiagnosis(program, context, finish);
  addCameras(program, context, finish);
  addDevices(program, context, finish);
  addUsers(program, context, finish);
  return program;
};

const withState = (command: Command): Command =>
  command
    .option('--state <dir>', 'state directory (ADIT_STATE_DIR; ./adit-agent-state)')
    .option('--ephemeral', 'accept a state directory that a container will lose (ADIT_EPHEMERAL)');

const withKeyfile = (command: Command): Command =>
  command
    .option(
      '--keyfile <file>',
      'the keyfile; - reads it from standard input (ADIT_KEYFILE_FILE, or its text in ADIT_KEYFILE)',
    )
    .option(
      '--passphrase-file <file>',
      'passphrase of a sealed keyfile; - reads it from standard input (ADIT_KEYFILE_PASSPHRASE_FILE, or its text in ADIT_KEYFILE_PASSPHRASE)',
    )
    .option('--strict', 'refuse a keyfile that other users may read (ADIT_STRICT)');

const withProxy = (command: Command): Command =>
  command.option('--proxy <url>', 'http://[user:password@]host:port, or none (ADIT_PROXY, HTTPS_PROXY, NO_PROXY)');

const withFingerprint = (command: Command): Command =>
  command.option('--expect-fingerprint <value>', 'go on only with this fingerprint (ADIT_EXPECT_FINGERPRINT)');

/** A keyfile may also be named without its flag. */
const named = <F extends Flags>(keyfile: string | undefined, flags: F): F =>
  keyfile === undefined ? flags : { ...flags, keyfile };

const addEnrolment = (program: Command, context: CommandContext, finish: Finish): void => {
  withKeyfile(program.command('inspect').argument('[keyfile]', 'file, or -'))
    .description('show what is in a keyfile; does not use it up')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP.inspect)
    .action((keyfile: string | undefined, flags: Flags) => finish(inspect(named(keyfile, flags), context)));
  withProxy(withFingerprint(withState(withKeyfile(program.command('enrol').argument('[keyfile]', 'file, or -')))))
    .alias('enroll')
    .description('turn a keyfile into the identity of this site')
    .option('--yes', 'do not ask')
    .option('--timeout <seconds>', 'give up after this long', seconds, 60)
    .addHelpText('after', HELP.enrol)
    .action((keyfile: string | undefined, flags: EnrolFlags) => finish(enrol(named(keyfile, flags), context)));
  withState(program.command('reset'))
    .description("forget this site's identity; cameras, users and events stay")
    .option('--all', 'forget cameras, users, events and TLS key too')
    .option('--yes', 'do not ask')
    .addHelpText('after', HELP.reset)
    .action((flags: ResetFlags) => finish(reset(flags, context)));
};

const addRunning = (program: Command, context: CommandContext, finish: Finish): void => {
  withProxy(withFingerprint(withState(withKeyfile(program.command('run')))))
    .description('keep the tunnel up and serve this site; enrols first when needed')
    .option('--directory-listen <host:port>', 'serve the directory on the LAN too (ADIT_DIRECTORY_LISTEN)')
    .option('--redirector-listen <host:port>', 'serve video on the LAN too (ADIT_REDIRECTOR_LISTEN)')
    .option('--uplink-limit <rate>', 'send no more than this, such as 10Mbit/s (ADIT_UPLINK_LIMIT)')
    .option('--config <file>', 'agent.yaml (ADIT_CONFIG_FILE; the one in the state directory)')
    .addHelpText('after', HELP.run)
    .action((flags: Flags) => finish(run(flags, context)));
  withState(program.command('status'))
    .description('show the state of the running agent')
    .option('--json', 'as JSON')
    .option('--check', 'print nothing; exit code 0 when the tunnel is up, else 1')
    .addHelpText('after', HELP.status)
    .action((flags: StatusFlags) => finish(showStatus(flags, context)));
  withState(program.command('events'))
    .description('show the events that this site keeps for its federation hosts')
    .option('--last <number>', 'the newest ones, so many', count, 20)
    .option('--json', 'as JSON')
    .addHelpText('after', HELP.events)
    .action((flags: EventFlags) => finish(showEvents(flags, context)));
  withState(program.command('renew'))
    .description('have the running agent renew its certificate at once')
    .option('--timeout <seconds>', 'give up waiting after this long', seconds, 60)
    .option('--json', 'as JSON')
    .addHelpText('after', HELP.renew)
    .action((flags: RenewFlags) => finish(renew(flags, context)));
  withProxy(withState(withKeyfile(program.command('check'))))
    .description('look at network, proxy, TLS, clock and cameras; works before the enrolment')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP.check)
    .action((flags: CheckFlags) => finish(check(flags, context)));
};

const addDiagnosis = (program: Command, context: CommandContext, finish: Finish): void => {
  withProxy(withState(withKeyfile(program.command('diag'))))
    .description('say what is wrong with this site, and why it had no tunnel')
    .option('--last <number>', 'the newest times without a tunnel, so many', count, 5)
    .option('--json', 'as JSON')
    .addHelpText('after', HELP.diag)
    .action((flags: DiagFlags) => finish(diag(flags, context)));
  withProxy(withState(program.command('support')))
    .description('pack what a helper needs to see into a ZIP file, without secrets')
    .option('-o, --output <file>', 'where to (adit-support-SITE-DATE.zip)')
    .option('--config <file>', 'agent.yaml (ADIT_CONFIG_FILE; the one in the state directory)')
    .option('--force', 'replace a file that is there')
    .addHelpText('after', HELP.support)
    .action((flags: SupportFlags) => finish(support(flags, context)));
};

/** A password comes by none of them: a command line shows in the list of processes and in the shell's history. */
const withPassword = (command: Command): Command =>
  command
    .option('--user <name>', "user of the camera's account; its password is asked for")
    .option('--password-stdin', 'take the password from the first line of standard input');

const addCameras = (program: Command, context: CommandContext, finish: Finish): void => {
  const camera = program.command('camera').description('the cameras of this site').addHelpText('after', HELP.camera);
  withPassword(withState(camera.command('add').argument('<url>', 'rtsp://[user@]host[:port]/path')))
    .description('probe a camera and put it on the list')
    .option('--name <name>', 'shown to operators')
    .option('--area <path>', 'where it is, from the outermost area inwards: "Building 1/Floor 2"')
    .option('--low <url>', 'a second, smaller picture of the same camera')
    .option('--transport <transport>', 'tcp (default), udp, or auto')
    .option('--id <id>', 'stable id; made from the name when absent')
    .option('--replace', 'change a camera that is on the list')
    .option('--no-probe', 'do not connect to the camera')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP.cameraAdd)
    .action((url: string, flags: CameraFlags) => finish(addCamera(url, flags, context)));
  withState(camera.command('list'))
    .description('show the cameras and where their passwords are, without passwords')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP.cameraList)
    .action((flags: CameraFlags) => finish(listCameras(flags, context)));
  withState(camera.command('remove').argument('<id>'))
    .description('take a camera off the list and forget its account')
    .addHelpText('after', HELP.cameraRemove)
    .action((id: string, flags: CameraFlags) => finish(removeCamera(id, flags, context)));
  withState(camera.command('test').argument('[id]', 'one camera; all when absent'))
    .description('connect to the cameras')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP.cameraTest)
    .action((id: string | undefined, flags: CameraFlags) => finish(testCameras(id, flags, context)));
  withPassword(withState(camera.command('password').argument('<id>')))
    .description('set the account of a camera')
    .option('--recordings', 'of the recorder that the camera names, instead of its streams')
    .addHelpText('after', HELP.cameraPassword)
    .action((id: string, flags: AccountFlags) => finish(setPassword(id, flags, context)));
  withState(camera.command('import'))
    .description('move passwords that stand in cameras.yaml into the encrypted store')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP.cameraImport)
    .action((flags: AccountFlags) => finish(importAccounts(flags, context)));
};

const addDevices = (program: Command, context: CommandContext, finish: Finish): void => {
  program
    .command('discover')
    .description('show the ONVIF devices in the local networks; adds nothing')
    .option('--timeout <seconds>', 'wait this long for answers', seconds, 3)
    .option('--json', 'as JSON')
    .addHelpText('after', HELP.discover)
    .action((flags: DiscoverFlags) => finish(discover(flags, context)));
  const onvif = program.command('onvif').description('the ONVIF devices of this site').addHelpText('after', HELP.onvif);
  withPassword(withState(onvif.command('add').argument('<address>', 'host, host:port or http:// URL')))
    .description('sign in to a device and put it on the list: all of its cameras, inputs and outputs')
    .option('--name <name>', 'shown to operators')
    .option('--area <area>', 'where it is, such as North/Entrance')
    .option('--id <id>', 'stable id; made from name and address when absent')
    .option('--replace', 'change a device that is on the list')
    .option('--no-probe', 'do not connect to the device')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP.onvif)
    .action((address: string, flags: OnvifFlags) => finish(addDevice(address, flags, context)));
  withState(onvif.command('list'))
    .description('show the devices and where their passwords are, without passwords')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP.onvifList)
    .action((flags: OnvifFlags) => finish(listDevices(flags, context)));
  withState(onvif.command('remove').argument('<id>'))
    .description('take a device off the list and forget its account')
    .addHelpText('after', HELP.onvifRemove)
    .action((id: string, flags: OnvifFlags) => finish(removeDevice(id, flags, context)));
  withPassword(withState(onvif.command('password').argument('<id>')))
    .description('set the account of a device')
    .addHelpText('after', HELP.onvifPassword)
    .action((id: string, flags: OnvifFlags) => finish(setDevicePassword(id, flags, context)));
};

const withRights = (command: Command): Command =>
  command
    .option('--allow <rights>', 'live, playback, events, snapshot, ptz, outputs, recording, alarms, or all (live)')
    .option('--cameras <ids>', 'it sees these cameras and other entities only')
    .option('--areas <ids>', 'it sees these areas and what is in them only')
    .option('--level <1..254>', 'highest user level of its users; 1 is the highest (1)');

const addUsers = (program: Command, context: CommandContext, finish: Finish): void => {
  const user = program.command('user').description('federation accounts of this site').addHelpText('after', HELP.user);
  const command = (name: string, text: string): Command =>
    withState(user.command(name)).description(text).option('--json', 'as JSON').addHelpText('after', HELP.user);
  withRights(command('add', 'make or replace an account; its password is shown this once').argument('<name>'))
    .option('--password-stdin', 'take the password from standard input')
    .action((name: string, flags: UserFlags) => finish(addUser(name, flags, context)));
  withRights(command('allow', 'replace what an account may do').argument('<name>')).action(
    (name: string, flags: RightsFlags) => finish(allowUser(name, flags, context)),
  );
  command('password', 'replace the password of an account; a new one is shown this once')
    .argument('<name>')
    .option('--password-stdin', 'take the password from standard input')
    .action((name: string, flags: UserFlags) => finish(setUserPassword(name, flags, context)));
  command('remove', 'remove an account; its hosts are cut off within seconds')
    .argument('<name>')
    .action((name: string, flags: UserFlags) => finish(removeUser(name, flags, context)));
  command('list', 'show the accounts and what they may do').action((flags: UserFlags) =>
    finish(listUsers(flags, context)),
  );
};

const seconds = (text: string): number => {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0 && value <= 86_400) return value;
  throw new InvalidArgumentError('A number of seconds is needed.');
};

const count = (text: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0 && value <= 100_000) return value;
  throw new InvalidArgumentError('A number from 1 to 100000 is needed.');
};
