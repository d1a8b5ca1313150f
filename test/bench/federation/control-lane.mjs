import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { built, builtApp } from '../built.mjs';
import { ACCOUNT } from './federated-sites.mjs';

const { DirectoryLane, laneDefaults } = await builtApp('federation', 'connections/directory-lane.js');
const { mintDialTicket } = await built('contracts');
const { DEFAULT_TENANT_ID: tenantId } = await built('persistence');
const { TunnelDialer } = await built('tunnel-dialer');

const DOMAIN = 'adit.internal';
const CAMERA = 'camera-001';
/** gRPC: the site does not know the call. */
const UNIMPLEMENTED = 12;
const CALL_MS = 10_000;

/** The control lane of a role, as federation opens it, in this process: what a command takes below REST. */
export class ControlLane {
  /**
   * @param {any} lane
   * @param {boolean} hasCommands
   */
  constructor(lane, hasCommands) {
    this.lane = lane;
    this.hasCommands = hasCommands;
  }

  /**
   * @param {import('./federated-sites.mjs').FederatedSites} sites
   * @param {string} label of the site
   * @param {string} [address] of its directory; default: through the tunnel
   */
  static async open({ cloud, added }, label, address = `directory.${label}.tunnel.${DOMAIN}`) {
    const dialer = dialerOf(cloud);
    const { signal } = new AbortController();
    const pin = added.get(label)?.tlsPin ?? '';
    const target = { tenantId, roleId: 'bench', address, ...ACCOUNT, pin };
    const dial = () => dialer.dial({ tenantId, address, class: 'control', user: 'federation:bench', signal });
    const lane = await DirectoryLane.open(target, 'control', dial, laneDefaults, signal);
    return new ControlLane(lane, await knowsCommands(lane));
  }

  /** What is asked: commands where the site obeys them, else the call that costs the same way. */
  get command() {
    return this.hasCommands ? 'PTZ command' : 'control call';
  }

  async ask() {
    await (this.hasCommands ? stopCamera(this.lane.client) : this.lane.client.getInfo({}, { timeoutMs: CALL_MS }));
  }

  close() {
    this.lane.close();
  }
}

/**
 * With the key of federation, whose tickets open directories.
 * @param {import('../cloud.mjs').BenchCloud} cloud
 */
function dialerOf(cloud) {
  const key = JSON.parse(readFileSync(join(cloud.dataDir, 'secrets', 'federation', 'ticket.jwk'), 'utf8'));
  return new TunnelDialer({
    domain: DOMAIN,
    direct: { allowCidrs: ['127.0.0.0/8'] },
    routes: async (/** @type {string} */ tenant, /** @type {string} */ site) => {
      const [row] = await cloud.query(
        `SELECT broker_id AS "brokerId", ingress, ingress_tls AS "ingressTls" FROM tunnel_route
          WHERE tenant_id = $1 AND site_label = $2 ORDER BY draining, epoch DESC LIMIT 1`,
        [tenant, site],
      );
      return row ?? null;
    },
    mint: (/** @type {object} */ claims, /** @type {string} */ brokerId) =>
      mintDialTicket(claims, { issuer: 'federation', key }, brokerId),
  });
}

/** @param {any} lane */
async function knowsCommands({ client }) {
  try {
    await stopCamera(client);
    return true;
  } catch (error) {
    if (/** @type {{ code?: number }} */ (error).code === UNIMPLEMENTED) return false;
    throw error;
  }
}

/** @param {any} client */
function stopCamera(client) {
  const command = { case: 'ptzStop', value: {} };
  return client.execute({ entityId: CAMERA, userLevel: 1, user: 'bench', command }, { timeoutMs: CALL_MS });
}
