import { parseArgs } from 'node:util';
import { WanLinkError } from './errors.mjs';
import { EVENTS, parseHappening } from './script.mjs';

export const HELP = `usage: node tools/wan-link.mjs --to HOST:PORT [FLAGS]

A slow, long or failing line between a site and the cloud: a TCP relay. All connections share one queue and one rate
per direction. Up is from the side that connects. The model is above TCP: it knows no packet loss, no retransmission
and no congestion control, and the kernel takes some bytes into buffers of its own; --small-buffers bounds those.

  --to HOST:PORT       where connections go on to
  --listen [HOST:]PORT where they come in (127.0.0.1, a free port)
  --delay MS           one way, each direction (0)
  --jitter MS          at most this much more; order is kept (0)
  --rate MBIT          each direction, Mbit/s of payload; 0: no limit (0)
  --up-rate MBIT       up alone
  --down-rate MBIT     down alone
  --buffer KIB         queue before the rate, each direction (256)
  --window KIB         one connection's bytes on the way, as a receiver's window bounds them (4096)
  --seed N             of jitter and of which connection an event takes (1)
  --at "MS EVENT"      an event after MS; may be given many times
  --small-buffers      run in a network of its own, with kernel buffers of at most 64 KiB (root); a command after --
                       runs in the same network, and the line ends with it
  --help               this text

Events, also as lines of standard input; "stats" there prints one JSON line:
${EVENTS.split('\n')
  .map((line) => `  ${line}`)
  .join('\n')}

  node tools/wan-link.mjs --to 127.0.0.1:5500 --listen 5600 --delay 20 --rate 10 --at "5000 stall up 2000"
`;

/**
 * @typedef {object} Flags
 * @property {boolean} help
 * @property {boolean} smallBuffers
 * @property {string[]} command
 * @property {import('./link.mjs').LinkOptions} link
 * @property {import('./script.mjs').Happening[]} script
 */

const STRING = /** @type {const} */ ('string');
const BOOLEAN = /** @type {const} */ ('boolean');

/** @satisfies {import('node:util').ParseArgsOptionsConfig} */
const OPTIONS = {
  to: { type: STRING },
  listen: { type: STRING, default: '0' },
  delay: { type: STRING, default: '0' },
  jitter: { type: STRING, default: '0' },
  rate: { type: STRING, default: '0' },
  'up-rate': { type: STRING },
  'down-rate': { type: STRING },
  buffer: { type: STRING, default: '256' },
  window: { type: STRING, default: '4096' },
  seed: { type: STRING, default: '1' },
  at: { type: STRING, multiple: true },
  'small-buffers': { type: BOOLEAN, default: false },
  help: { type: BOOLEAN, default: false },
};

/**
 * @param {string[]} args
 * @returns {Flags}
 * @throws {WanLinkError} `option-invalid` naming the flag, `event-invalid`
 */
export function parseFlags(args) {
  const { values, positionals } = parsed(args);
  const number = (/** @type {string} */ flag, /** @type {string} */ text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
      throw new WanLinkError('option-invalid', `--${flag} needs a number, not ${JSON.stringify(text)}`);
    }
    return value;
  };
  const both = {
    delayMs: number('delay', values.delay),
    jitterMs: number('jitter', values.jitter),
    bufferBytes: number('buffer', values.buffer) * 1024,
    windowBytes: number('window', values.window) * 1024,
  };
  const rate = (/** @type {'up-rate' | 'down-rate'} */ flag) =>
    number(values[flag] === undefined ? 'rate' : flag, values[flag] ?? values.rate) * 1e6;
  const target = values.help ? { host: '', port: 0 } : address('to', values.to ?? '');
  return {
    help: values.help,
    smallBuffers: values['small-buffers'],
    command: positionals,
    link: {
      target,
      listen: address('listen', values.listen),
      up: { ...both, rateBitsPerS: rate('up-rate') },
      down: { ...both, rateBitsPerS: rate('down-rate') },
      seed: number('seed', values.seed),
    },
    script: (values.at ?? []).map(parseHappening),
  };
}

/** @param {string[]} args */
function parsed(args) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new WanLinkError('option-invalid', error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {string} flag
 * @param {string} text
 */
function address(flag, text) {
  const [, host = '127.0.0.1', port] = /^(?:(.+):)?(\d+)$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535 || (flag === 'to' && Number(port) === 0)) {
    throw new WanLinkError('option-invalid', `--${flag} needs HOST:PORT, not ${JSON.stringify(text)}`);
  }
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}
