import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../harness/condition.js';
import { EventFlow, WHOLE } from '../harness/event-flow.js';
import { OnvifDevice } from '../harness/onvif-device.js';
import { Platform } from '../harness/platform.js';
import { Recording } from '../harness/recording.js';
import type { Site } from '../harness/site.js';

const PER_SECOND = 100;
const ROUNDS = 3;
/** What has to come between two deaths: a second of the flow. */
const BETWEEN = PER_SECOND;

const run = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('a flow of events of a real agent, whose host is reached through its tunnel', () => {
  let platform: Platform;
  let device: OnvifDevice;
  let site: Site;
  let flow: EventFlow;
  let siteId: string;

  beforeAll(async () => {
    device = await OnvifDevice.start(new Recording(0, [[0, 1]]));
    platform = await Platform.start({ ownPostgres: true });
    site = await platform.createSite('Hamburg');
    siteId = site.record.id;
    const devices = [{ id: 'gate', name: 'Gate', address: device.service }];
    writeFileSync(join(site.stateDir, 'onvif.yaml'), JSON.stringify({ devices }), { mode: 0o600 });
    await site.run();
    await site.federate();
    await waitUntil('the device has a subscription', () => device.events.subscriptions.size > 0);
    flow = new EventFlow(platform, device, site, PER_SECOND);
  }, 120_000);

  afterAll(async () => {
    await platform?.stop();
    await device?.[Symbol.asyncDispose]();
  }, 60_000);

  const deaths: [string, () => Promise<void>][] = [
    ['federation', () => platform.kill('federation')],
    ['the broker', () => platform.kill('tunnel-broker')],
    ['PostgreSQL', () => platform.killPostgres()],
  ];

  it.each(deaths)(
    'outlasts the death of %s: none lost, none twice, order kept',
    async (_name, kill) => {
      const from = flow.count + 1;
      flow.start();
      for (let round = 0; round < ROUNDS; round++) {
        await flow.until(siteId, flow.count + BETWEEN);
        await kill();
      }
      const last = flow.stop();
      await flow.until(siteId, last);
      expect((await flow.numbers(siteId)).filter((number) => number >= from)).toEqual(run(from, last));
      expect(await flow.compare(siteId)).toEqual(WHOLE);
    },
    300_000,
  );

  it('outlasts the death of the agent: what it had on its disk comes, none twice, order kept', async () => {
    const from = flow.count + 1;
    flow.start();
    for (let round = 0; round < ROUNDS; round++) {
      await flow.until(siteId, flow.count + BETWEEN);
      await flow.killAgent();
    }
    const last = flow.stop();
    await flow.until(siteId, last);
    const numbers = (await flow.numbers(siteId)).filter((number) => number >= from);
    const gaps = numbers.filter((number, index) => index > 0 && number !== (numbers[index - 1] ?? 0) + 1);
    // A device keeps nothing for a subscriber that is gone: what happened without an agent nobody was told.
    expect(gaps.length).toBeLessThanOrEqual(ROUNDS);
    expect(await flow.compare(siteId)).toEqual(WHOLE);
    const kills = (await flow.stored(siteId)).filter(({ type }) => type === 'agent.stopped-unexpectedly');
    expect(kills).toHaveLength(ROUNDS);
  }, 300_000);

  it('outlasts all of them at once', async () => {
    flow.start();
    await flow.until(siteId, flow.count + BETWEEN);
    await Promise.all([flow.killAgent(), ...deaths.map(([, kill]) => kill())]);
    const last = flow.stop();
    await flow.until(siteId, last, 120_000);
    expect(await flow.compare(siteId)).toEqual(WHOLE);
  }, 300_000);
});
