import { parseArgs } from 'node:util';
import { LauncherError } from '../launcher/errors.mjs';

/** Handshakes and entities of more sites than this want a core of their own. */
const SITES_PER_PROCESS = 250;
const MAX_SITES = 5_000;
/** What a site's directory takes. */
const MAX_ENTITIES = 10_000;

export const HELP = `usage: npm run simulate -- [FLAGS]

Simulated sites for demos and measurements: each enrols with a keyfile, keeps its tunnel and serves its directory with
the agent's own code, in a few processes. Without --own they join the platform that npm start runs from this clone, where
they stay listed after the end and come back at the next run.

  --sites N         how many (10)
  --entities N      of each site: areas with cameras, doors, inputs, outputs, zones and alarms (150)
  --events RATE     of all sites together, such as 200/s or 90/min (0)
  --changes RATE    entities that go offline or come back, of all sites together (0)
  --name PREFIX     of the sites' names (Simulated)
  --processes N     of the sites (one for each ${SITES_PER_PROCESS})
  --seconds N       ends by itself after this time at full number; else Ctrl-C does
  --own             a platform of its own, which is gone at the end, in the place of npm start
  --help            this text`;

/**
 * @typedef {object} SimulateFlags
 * @property {boolean} help
 * @property {number} sites
 * @property {number} entities
 * @property {number} eventsPerS
 * @property {number} changesPerS
 * @property {string} name
 * @property {number} processes
 * @property {number | undefined} seconds
 * @property {boolean} own
 */

const STRING = /** @type {const} */ ({ type: 'string' });
const BOOLEAN = /** @type {const} */ ({ type: 'boolean' });

/**
 * @param {string[]} args
 * @returns {SimulateFlags}
 * @throws {LauncherError} `config-invalid`, naming the flag
 */
export function parseSimulateFlags(args) {
  const values = parse(args);
  const sites = whole('sites', values.sites ?? '10', MAX_SITES);
  const { name = 'Simulated' } = values;
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,79}$/u.test(name)) {
    throw new LauncherError('config-invalid', '--name: a letter or digit, then letters, digits, blanks and . _ -');
  }
  const fitting = String(Math.ceil(sites / SITES_PER_PROCESS));
  return {
    help: values.help === true,
    sites,
    entities: whole('entities', values.entities ?? '150', MAX_ENTITIES),
    eventsPerS: rate('events', values.events ?? '0'),
    changesPerS: rate('changes', values.changes ?? '0'),
    name,
    processes: whole('processes', values.processes ?? fitting, sites),
    seconds: values.seconds === undefined ? undefined : whole('seconds', values.seconds, 7 * 24 * 3_600),
    own: values.own === true,
  };
}

/** @param {string[]} args */
function parse(args) {
  try {
    const { values } = parseArgs({
      args,
      strict: true,
      options: {
        sites: STRING,
        entities: STRING,
        events: STRING,
        changes: STRING,
        name: STRING,
        processes: STRING,
        seconds: STRING,
        own: BOOLEAN,
        help: { ...BOOLEAN, short: 'h' },
      },
    });
    return values;
  } catch (error) {
    throw new LauncherError('config-invalid', `${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
  }
}

/**
 * @param {string} flag
 * @param {string} text
 * @param {number} most
 */
function whole(flag, text, most) {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
  throw new LauncherError('config-invalid', `--${flag}: ${JSON.stringify(text)} is no whole number from 1 to ${most}`);
}

/**
 * @param {string} flag
 * @param {string} text `200/s`, `90/min`, or a bare number per second
 * @returns {number} per second
 */
function rate(flag, text) {
  const [, digits = '', unit = 's'] = /^(\d{1,6}(?:\.\d+)?)(?:\/(s|min))?$/.exec(text) ?? [];
  if (digits !== '') return Number(digits) / (unit === 'min' ? 60 : 1);
  throw new LauncherError('config-invalid', `--${flag}: ${JSON.stringify(text)} is no rate such as 200/s or 90/min`);
}
