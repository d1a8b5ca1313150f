import { mkdirSync } from 'node:fs';
import { AppProcess } from '../launcher/app-process.mjs';
import { entryOf } from '../launcher/cloud.mjs';
import { runCommand } from '../launcher/command.mjs';

const UP_MS = 30_000;

/** An agent of this machine, through its own command line. */
export class DemoAgent {
  /**
   * @param {string} stateDir
   * @param {(name: string, line: string) => void} log
   */
  constructor(stateDir, log) {
    this.stateDir = stateDir;
    this.log = log;
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    /** @type {AppProcess | undefined} */
    this.process = undefined;
  }

  /**
   * One command to its end.
   * @param {string[]} args
   * @param {string} [input]
   * @returns {Promise<string>} what it printed
   */
  command(args, input) {
    return runCommand(process.execPath, [entryOf('agent'), ...args], {
      env: { PATH: process.env.PATH, ...this.environment() },
      input,
    });
  }

  /**
   * Starts `run`; resolves when the tunnel is up.
   * @param {string} keyfile enrols with it when there is no identity yet
   */
  async run(keyfile) {
    this.process = new AppProcess({
      name: 'demo-site',
      entry: entryOf('agent'),
      args: ['run', '--keyfile', keyfile],
      env: this.environment(),
      log: this.log,
      readyType: 'up',
    });
    await this.process.start(UP_MS);
  }

  environment() {
    // Run in a container, the demo's state is no volume, and is as lasting as the rest of the data.
    return { ADIT_STATE_DIR: this.stateDir, ADIT_CONTAINER: 'false' };
  }

  /** @param {number} limitMs */
  async stop(limitMs) {
    await this.process?.stop(limitMs);
  }
}
