const COLOURS = [36, 33, 35, 32, 34, 96, 93, 95, 92];
const PREFIX_WIDTH = 16;
/** Levels of pino. */
const LEVELS = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
]);
const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'app', 'name', 'msg', 'v']);

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
 * @param {string} line of pino, or any other
 * @returns {string}
 */
export function readable(line) {
  const record = parse(line);
  if (!record || typeof record.msg !== 'string') return line;
  const level = LEVELS.get(Number(record.level)) ?? String(record.level);
  const rest = Object.entries(record)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => `${key}=${brief(value)}`);
  return [level.padEnd(5), record.msg, ...rest].join(' ');
}

/** @param {unknown} value */
function brief(value) {
  if (typeof value === 'string') return value;
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
