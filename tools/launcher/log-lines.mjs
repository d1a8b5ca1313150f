const COLOURS = [36, 33, 35, 32, 34, 96, 93, 95, 92];
const PREFIX_WIDTH = 16;
const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'app', 'name', 'msg', 'v', 'tenantId']);
/** What a person looks up only when something went wrong. */
const FOR_TROUBLE = 'correlationId';

/**
 * Writer of the apps' lines under a prefix. A terminal gets colours and sentences, anything else the lines as they are.
 * @param {NodeJS.WriteStream} stream
 * @returns {(name: string, line: string) => void}
 */
export function lineWriter(stream) {
  /** @type {Map<string, number>} */
  const colours = new Map();
  return (name, line) => {
    if (!stream.isTTY) {
      stream.write(`${name} | ${line}\n`);
      return;
    }
    const colour = colours.get(name) ?? COLOURS[colours.size % COLOURS.length];
    colours.set(name, colour);
    stream.write(`\u001b[${colour}m${name.padEnd(PREFIX_WIDTH)}\u001b[0m ${readable(line)}\n`);
  };
}

/**
 * A log record as `time level message key=value …`, for a person; the record itself names its time in UTC.
 * @param {string} line of an app: a JSON record, or any other
 * @returns {string}
 */
export function readable(line) {
  const record = parse(line);
  if (!record || typeof record.msg !== 'string') return line;
  const level = String(record.level);
  const isTrouble = !['trace', 'debug', 'info'].includes(level);
  const rest = Object.entries(record)
    .filter(([key]) => !HIDDEN.has(key) && (isTrouble || key !== FOR_TROUBLE))
    .map(([key, value]) => `${key}=${brief(value)}`);
  return [timeOfDay(record.time), level.padEnd(5), record.msg, ...rest].join(' ');
}

/** @param {unknown} time ISO 8601 */
function timeOfDay(time) {
  const date = new Date(String(time));
  return Number.isNaN(date.getTime()) ? '--:--:--' : date.toTimeString().slice(0, 8);
}

/** @param {unknown} value */
function brief(value) {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value === 'object' && value !== null && 'message' in value) return JSON.stringify(value.message);
  return JSON.stringify(value);
}

/**
 * @param {string} line
 * @returns {Record<string, unknown> | undefined}
 */
function parse(line) {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
