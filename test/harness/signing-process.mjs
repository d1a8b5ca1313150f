/**
 * CA keys in a process of their own, as in an HSM: they never leave it. JSON lines over a Unix socket:
 * {id, do: 'find' | 'create' | 'remove' | 'sign', name, tbs?} → {id, publicKey?, signature?, error?}
 *
 *     node signing-process.mjs SOCKET KEY_FOLDER [DELAY_MS]
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [socketPath = '', folder = '', delayMs = '0'] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
// What a process that was killed has left.
rmSync(socketPath, { force: true });

/** @param {string} name */
const fileOf = (name) => join(folder, `${name}.pem`);

/** @param {string} name */
const publicKeyOf = (name) =>
  createPublicKey(readFileSync(fileOf(name), 'utf8'))
    .export({ format: 'der', type: 'spki' })
    .toString('base64');

/** @type {Record<string, (name: string, tbs: string) => object>} */
const ACTIONS = {
  find: (name) => (existsSync(fileOf(name)) ? { publicKey: publicKeyOf(name) } : {}),
  create: (name) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(fileOf(name), privateKey.export({ format: 'pem', type: 'pkcs8' }), { flag: 'wx', mode: 0o600 });
    return { publicKey: publicKeyOf(name) };
  },
  remove: (name) => {
    rmSync(fileOf(name), { force: true });
    return {};
  },
  sign: (name, tbs) => {
    const key = createPrivateKey(readFileSync(fileOf(name), 'utf8'));
    return { signature: sign('sha256', Buffer.from(tbs, 'base64'), key).toString('base64') };
  },
};

createServer((socket) => {
  socket.on('error', () => socket.destroy());
  createInterface({ input: socket }).on('line', (line) => {
    const { id, do: action, name, tbs } = JSON.parse(line);
    setTimeout(() => {
      try {
        socket.write(`${JSON.stringify({ id, ...ACTIONS[action](name, tbs) })}\n`);
      } catch (error) {
        socket.write(`${JSON.stringify({ id, error: String(error) })}\n`);
      }
    }, Number(delayMs));
  });
}).listen(socketPath, () => process.stdout.write('ready\n'));
