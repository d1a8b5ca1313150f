import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A process with a TLS server of the broker's settings and nothing behind it.
 * @param {string} identityFile of the broker
 */
export async function startBareTls(identityFile) {
  const child = fork(join(import.meta.dirname, 'bare-tls.mjs'), { execArgv: [] });
  await once(child, 'message');
  child.send(JSON.parse(readFileSync(identityFile, 'utf8')));
  const [{ port }] = await once(child, 'message');
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return { pid: child.pid ?? 0, port: Number(port), stop };
}
