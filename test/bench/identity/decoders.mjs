import { built, builtLibFile } from '../built.mjs';

const INPUTS = 100_000;
const SUSPICIOUS_MS = 5;

/**
 * Mutated inputs against everything that reads what strangers send: no crash, nothing slow. `npm run soak -- decoders`
 * does the same with a million for each.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 */
export default async function decoders({ report, progress }) {
  await mutate({ report, progress }, { inputs: INPUTS, seed: 1 });
}

/**
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {{ inputs: number, seed: number }} extent
 */
export async function mutate({ report, progress }, { inputs, seed }) {
  for (const [name, { sample, read, isRefusal }] of Object.entries(await targets())) {
    progress(`${name}: ${inputs} inputs …`);
    const random = generator(seed);
    let [faults, slowest, accepted] = [0, 0, 0];
    for (let index = 0; index < inputs; index += 1) {
      const input = mutated(sample, random);
      const { ms, error } = timed(read, input);
      if (error === undefined) accepted += 1;
      else if (!isRefusal(error)) {
        faults += 1;
        progress(`${name}: ${error instanceof Error ? error.message : JSON.stringify(error)}`);
      }
      // What the machine did meanwhile is no property of the input: a slow one is read again.
      const again = ms > SUSPICIOUS_MS ? Math.min(timed(read, input).ms, timed(read, input).ms) : ms;
      slowest = Math.max(slowest, Math.min(ms, again));
    }
    report({ figure: `${name}: faults in ${inputs} mutated inputs`, value: faults, unit: 'faults', bar: 'value <= 0' });
    report({ figure: `${name}: slowest input`, value: slowest, unit: 'ms', bar: 'value <= 50' });
    report({ figure: `${name}: accepted all the same`, value: accepted, unit: 'inputs' });
  }
}

/**
 * @param {Target['read']} read
 * @param {Buffer} input
 */
function timed(read, input) {
  const began = performance.now();
  try {
    read(input);
    return { ms: performance.now() - began, error: undefined };
  } catch (error) {
    return { ms: performance.now() - began, error };
  }
}

/** @typedef {{ sample: Buffer, read: (input: Buffer) => unknown, isRefusal: (error: unknown) => boolean }} Target */

/** @returns {Promise<Record<string, Target>>} */
async function targets() {
  const pki = await built('pki');
  const now = new Date();
  const { keyfileContent, temporaryTree } = await builtLibFile('pki', 'keyfile/keyfile.kit.js');
  const tree = await temporaryTree();
  const keyfile = await pki.encodeKeyfile(await keyfileContent(tree, now), tree.keyfileSigning);
  const csr = await pki.createCsr(pki.generateKey());
  const isRefusal = (/** @type {unknown} */ error) => error instanceof pki.PkiError;
  return {
    keyfile: { sample: Buffer.from(keyfile), read: (input) => pki.decodeKeyfile(input, { now }), isRefusal },
    'certificate request': {
      sample: Buffer.from(csr),
      read: (input) => pki.readCsr(input.toString('latin1')),
      isRefusal,
    },
    'JSON of a keyfile': {
      sample: Buffer.from(keyfile),
      read: (input) => pki.parseStrictJson(input.toString('utf8')),
      isRefusal: (error) => error instanceof pki.JsonError,
    },
  };
}

/**
 * mulberry32: the same inputs for the same seed.
 * @param {number} seed
 */
function generator(seed) {
  let state = seed >>> 0;
  return (/** @type {number} */ below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/**
 * One to four changes: a bit, a byte, a cut, a piece twice, a piece of one's own elsewhere.
 * @param {Buffer} sample
 * @param {(below: number) => number} random
 */
function mutated(sample, random) {
  let bytes = Buffer.from(sample);
  for (let changes = 1 + random(4); changes > 0 && bytes.length > 1; changes -= 1) {
    const [at, length] = [random(bytes.length), 1 + random(64)];
    const piece = bytes.subarray(at, at + length);
    switch (random(5)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 1:
        bytes[at] = random(256);
        break;
      case 2:
        bytes = bytes.subarray(0, at);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
        break;
      default: {
        const to = random(bytes.length);
        bytes = Buffer.concat([bytes.subarray(0, to), piece, bytes.subarray(to)]);
      }
    }
  }
  return bytes;
}
