import { parseArgs } from 'node:util';
import { LauncherError } from './errors.mjs';

/**
 * @typedef {object} Flags
 * @property {boolean} help
 * @property {boolean} demo
 * @property {boolean} databaseOnly
 * @property {string} [publicHost]
 * @property {{ http: number, rtsp: number, tunnel: number, ingress: number }} ports
 */

/** Port, its flag, what listens there. Also the order in which they are checked. */
export const PORT_FLAGS = /** @type {const} */ ({
  http: { flag: 'http-port', port: 8080, what: 'admin API' },
  rtsp: { flag: 'rtsp-port', port: 8554, what: 'video for clients (RTSP)' },
  tunnel: { flag: 'tunnel-port', port: 5500, what: 'tunnels of the sites' },
  ingress: { flag: 'ingress-port', port: 5580, what: 'dial ingress of the broker, loopback only' },
});

export const HELP = `usage: npm start [-- FLAGS]

Starts the whole platform on this machine, with a demo site whose cameras you can play.

  --no-demo             the cloud alone
  --database-only       PostgreSQL alone, to restore a backup into it: docs/backup.md
  --public-host NAME    listen beyond loopback on the ports for sites, video and the admin API, and write
                        NAME and the tunnel port into keyfiles; NAME is how other machines reach this one
${Object.values(PORT_FLAGS)
  .map(({ flag, port, what }) => `  --${`${flag} PORT`.padEnd(20)}${what} (${port})`)
  .join('\n')}
  --help                this text

Data is in .adit of the clone; ADIT_HOME names another folder. DATABASE_URL and NATS_URL, where set, replace the
embedded PostgreSQL and the built-in messaging.`;

/**
 * @param {string[]} args
 * @returns {Flags}
 * @throws {LauncherError} `config-invalid`, naming the flag
 */
export function parseFlags(args) {
  const values = parse(args);
  const publicHost = values['public-host'];
  if (publicHost !== undefined && !/^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/.test(publicHost)) {
    throw new LauncherError(
      'config-invalid',
      `--public-host: ${JSON.stringify(publicHost)} is no host name or address`,
    );
  }
  /** @param {keyof typeof PORT_FLAGS} key */
  const portOf = (key) => toPort(PORT_FLAGS[key].flag, values[PORT_FLAGS[key].flag], PORT_FLAGS[key].port);
  const ports = { http: portOf('http'), rtsp: portOf('rtsp'), tunnel: portOf('tunnel'), ingress: portOf('ingress') };
  if (new Set(Object.values(ports)).size < 4) throw new LauncherError('config-invalid', 'two flags name the same port');
  const [demo, databaseOnly] = [values['no-demo'] !== true, values['database-only'] === true];
  return { help: values.help === true, demo, databaseOnly, publicHost, ports };
}

/** @param {string[]} args */
function parse(args) {
  try {
    const { values } = parseArgs({
      args,
      strict: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        'no-demo': { type: 'boolean' },
        'database-only': { type: 'boolean' },
        'public-host': { type: 'string' },
        'http-port': { type: 'string' },
        'rtsp-port': { type: 'string' },
        'tunnel-port': { type: 'string' },
        'ingress-port': { type: 'string' },
      },
    });
    return values;
  } catch (error) {
    throw new LauncherError('config-invalid', `${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
  }
}

/**
 * @param {string} flag
 * @param {string | undefined} text
 * @param {number} standard
 */
function toPort(flag, text, standard) {
  if (text === undefined) return standard;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65535) return port;
  throw new LauncherError('config-invalid', `--${flag}: ${JSON.stringify(text)} is no port (1 to 65535)`);
}
