/**
 * Codes of the launcher's own failures. They are printed with the message and decide the exit status.
 * @typedef {'config-invalid'|'port-in-use'|'already-running'|'platform-unsupported'|'postgres-not-found'|'postgres-failed'|'nats-failed'|'build-missing'|'app-failed'|'demo-failed'|'rest-failed'|'command-failed'} LauncherCode
 */

/** Exit statuses as sysexits names them: configuration, temporary failure, internal error. */
const EXIT_STATUS = new Map([
  ['config-invalid', 78],
  ['platform-unsupported', 78],
  ['port-in-use', 75],
  ['already-running', 75],
]);

export class LauncherError extends Error {
  /**
   * @param {LauncherCode} code stable, kebab-case
   * @param {string} message one sentence for a person, says what to do
   */
  constructor(code, message) {
    super(message);
    this.name = 'LauncherError';
    this.code = code;
  }

  /** Exit status of the process that fails with this error. */
  get exitStatus() {
    return EXIT_STATUS.get(this.code) ?? 70;
  }
}
