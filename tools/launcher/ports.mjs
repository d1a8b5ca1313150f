import { LauncherError } from './errors.mjs';
import { PORT_FLAGS } from './flags.mjs';
import { freePort, isPortFree } from './port.mjs';
import { CLOUD_APPS } from './provision.mjs';

/** First of the ports for metrics and health, one per app; nothing depends on which they are. */
const FIRST_HEALTH_PORT = 9464;

/**
 * Checks the ports before anything starts, and adds those that the launcher chooses itself.
 * @param {import('./flags.mjs').Flags} flags
 * @returns {Promise<import('./cloud-environment.mjs').Ports>}
 * @throws {LauncherError} `port-in-use`, naming the flag
 */
export async function claimPorts({ ports, publicHost }) {
  for (const [key, { flag, what }] of Object.entries(PORT_FLAGS)) {
    const port = ports[/** @type {keyof typeof PORT_FLAGS} */ (key)];
    const host = publicHost && key !== 'ingress' && key !== 'play' ? '0.0.0.0' : '127.0.0.1';
    if (await isPortFree(port, host)) continue;
    throw new LauncherError('port-in-use', `port ${port} (${what}) is in use: choose another with --${flag}`);
  }
  /** @type {import('./cloud-environment.mjs').Ports['health']} */
  const health = {};
  const taken = new Set(Object.values(ports));
  for (const [index, app] of CLOUD_APPS.entries()) {
    const wanted = FIRST_HEALTH_PORT + index;
    const port = !taken.has(wanted) && (await isPortFree(wanted)) ? wanted : await freePort();
    health[app] = port;
    taken.add(port);
  }
  return { ...ports, health };
}
