/** All of it is gone within five seconds of Ctrl-C; what is left then is cut. */
const LIMIT_MS = 4_700;
const STEP_MS = 2_000;
const PARENT_POLL_MS = 250;

/** @typedef {(limitMs: number) => void | Promise<void>} Undo */

/** Takes back what was started, in reverse order, once, for whatever reason the launcher ends. */
export class Shutdown {
  /** @param {(line: string) => void} say */
  constructor(say) {
    this.say = say;
    /** @type {Undo[]} */
    this.steps = [];
    this.isStopping = false;
  }

  /**
   * @param {Undo} step
   */
  add(step) {
    // Started while the stop was under way: it goes at once.
    if (this.isStopping) void Promise.resolve(step(STEP_MS)).catch(() => undefined);
    else this.steps.push(step);
  }

  /** Stops on Ctrl-C, SIGTERM and a closed terminal, and when the npm that runs this is gone: npm keeps SIGTERM to itself. */
  watch() {
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      process.on(signal, () => void this.end(signal));
    }
    // Output to a closed terminal or pipe is no reason to leave anything running.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
    process.on('disconnect', () => void this.end('the end of the process that started it'));
    if (process.env.npm_lifecycle_event === undefined) return;
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) void this.end('the end of npm');
    }, PARENT_POLL_MS).unref();
  }

  /** @param {string} reason */
  async end(reason) {
    if (this.isStopping) return;
    this.say(`stopping after ${reason}`);
    await this.run();
    this.say('stopped');
    process.exit(0);
  }

  async run() {
    if (this.isStopping) return;
    this.isStopping = true;
    const cut = setTimeout(() => process.exit(70), LIMIT_MS);
    for (const step of this.steps.toReversed()) {
      try {
        await step(STEP_MS);
      } catch (error) {
        this.say(error instanceof Error ? error.message : String(error));
      }
    }
    clearTimeout(cut);
  }
}
