import { BenchCloud } from '../cloud.mjs';
import { changeDelay, tellDelays } from './changes.mjs';
import { trips } from './commands.mjs';
import { ControlLane } from './control-lane.mjs';
import { FederatedSites } from './federated-sites.mjs';

const SAMPLES = 30;
const ENTITIES = 150;

/**
 * The same site federated through the tunnel, then directly: control calls and changes beside each other.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {(() => Promise<void>)[]} stops
 * @param {number} forMs
 */
export async function ways({ report, progress }, stops, forMs) {
  const cloud = await BenchCloud.start({
    apps: ['federation'],
    federation: { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' },
  });
  stops.push(() => cloud.stop());
  const sites = await FederatedSites.prepare(cloud, 1, 'way');
  await sites.start({ entities: ENTITIES }, stops);
  const { siteId, label } = sites.identities[0];
  const rest = await cloud.signIn();
  const { lanPort, tlsPin } = sites.added.get(label) ?? { lanPort: 0, tlsPin: '' };
  const direct = `127.0.0.1:${lanPort}`;
  for (const way of /** @type {const} */ (['tunnel', 'direct'])) {
    progress(`federated by ${way} …`);
    if (way === 'direct') {
      const [role] = await rest.list(`/federation-roles?siteId=${siteId}`);
      const { id } = /** @type {{ id: string }} */ (role);
      await rest.call('PATCH', `/federation-roles/${id}`, { directoryAddress: direct, tlsPin });
    }
    await untilFederated(rest, sites, siteId, way === 'direct' ? direct : undefined);
    const lane = await ControlLane.open(sites, label, way === 'direct' ? direct : undefined);
    const taken = await trips(lane, forMs);
    lane.close();
    tellDelays(report, `${lane.command} round trip, ${way}`, taken);
    const delays = [];
    while (delays.length < SAMPLES) delays.push(await changeDelay(rest, sites, 0));
    tellDelays(report, `entity change to REST, ${way}`, delays);
  }
}

/**
 * @param {import('../../../tools/demo/rest.mjs').Rest} rest
 * @param {FederatedSites} sites
 * @param {string} siteId
 * @param {string | undefined} address that the role has to have
 */
async function untilFederated(rest, sites, siteId, address) {
  await sites.until('the role is connected', async () => {
    /** @type {import('../../../tools/demo/rest.mjs').Role[]} */
    const [role] = await rest.list(`/federation-roles?siteId=${siteId}`);
    const { entities } = await sites.federated();
    const isThere = address === undefined || role?.directoryAddress === address;
    return isThere && role?.state === 'connected' && entities === ENTITIES;
  });
}
