import { randomBytes } from 'node:crypto';
import { CUTS, type Cut, cutUnderLoad, load, unsettled } from '../test/cuts.js';
import { ResumableRig } from '../test/resumable-pair.js';
import { readAll, until, writeAll } from '../test/session-pair.js';
import type { CloseReason } from './index.js';

async function settled(rig: ResumableRig): Promise<void> {
  expect(await unsettled(rig)).toEqual([]);
  rig.close();
}

const SHARES = Array.from({ length: 5 }, (_, index) => index / 10);
const WHEN: Readonly<Record<Cut, string>> = {
  'all-lanes': 'when all lanes are cut',
  'one-lane': 'when one lane of three is cut',
  silence: 'when the line goes silent without a word',
  'new-address': 'when the agent comes from a new address before the broker noticed,',
};

describe('under load on 32 channels every byte arrives and no channel is reset', () => {
  it.each(CUTS.flatMap((cut) => SHARES.map((share) => [WHEN[cut], share, cut] as const)))(
    '%s after %d of the bytes',
    async (_, share, cut) => {
      expect(await cutUnderLoad({ cut, share })).toEqual([]);
    },
  );

  it('when cut follows cut, also in the middle of resuming', async () => {
    const rig = await ResumableRig.start();
    const { done } = await load(rig);
    for (let cut = 0; cut < 12 && rig.agent.channelCount > 0; cut += 1) {
      const links = rig.links.length;
      const from = rig.agent.stats.bytesReceived;
      rig.cutAll();
      await until(() => rig.agent.suspended);
      const attaching = rig.attach('resume').catch(() => undefined);
      if (cut % 3 === 1) await until(() => rig.links.length > links).then(() => rig.cutAll());
      await attaching;
      if (cut % 3 === 0) await rig.attach('lane').catch(() => undefined);
      if (!rig.agent.suspended) {
        const over = (): boolean => rig.agent.suspended || rig.agent.channelCount === 0;
        await until(() => rig.agent.stats.bytesReceived - from > 10_000 || over());
      }
    }
    if (rig.agent.suspended) await rig.attach('resume');
    expect(rig.broker.stats.resumes).toBeGreaterThanOrEqual(2);
    expect(await done).toEqual([]);
    await settled(rig);
  });
});

describe('what survives beside bytes', () => {
  it('an OPEN that went with the lane is sent again under its id, and answered', async () => {
    const rig = await ResumableRig.start();
    for (const link of rig.links) link.silent = true;
    const opening = rig.broker.open({ service: 'echo', class: 'live' });
    rig.cutAll();
    await until(() => rig.agent.suspended && rig.broker.suspended);
    await rig.attach('resume');
    await until(() => rig.requests.length === 1);
    rig.requests[0]?.accept();
    expect((await opening).id).toBe(1);
    rig.close();
  });

  it.each(['accept', 'refuse'] as const)('an answer that went with the lane: %s', async (answer) => {
    const rig = await ResumableRig.start();
    const opening = rig.broker.open({ service: 'echo', class: 'live' });
    const outcome = opening.then(
      () => 'accept',
      (error: { code: string }) => error.code,
    );
    await until(() => rig.requests.length === 1);
    for (const link of rig.links) link.silent = true;
    if (answer === 'accept') rig.requests[0]?.accept();
    else rig.requests[0]?.refuse('dial-failed');
    await new Promise((resolve) => setImmediate(resolve));
    rig.cutAll();
    await until(() => rig.agent.suspended && rig.broker.suspended);
    await rig.attach('resume');
    expect(await outcome).toBe(answer === 'accept' ? 'accept' : 'dial-failed');
    rig.close();
  });

  it.each(['before', 'while suspended'])('a reset, said %s', async (when) => {
    const rig = await ResumableRig.start();
    const [near, far] = await rig.channel();
    for (const link of rig.links) link.silent = true;
    if (when === 'before') near.reset('cancelled');
    await new Promise((resolve) => setImmediate(resolve));
    rig.cutAll();
    await until(() => rig.agent.suspended && rig.broker.suspended);
    if (when !== 'before') near.reset('cancelled');
    await rig.attach('resume');
    expect((await far.closed).code).toBe('cancelled');
    await settled(rig);
  });

  it('a FIN without bytes', async () => {
    const rig = await ResumableRig.start();
    const [near, far] = await rig.channel();
    for (const link of rig.links) link.silent = true;
    near.end();
    await new Promise((resolve) => setImmediate(resolve));
    rig.cutAll();
    await until(() => rig.agent.suspended && rig.broker.suspended);
    await rig.attach('resume');
    const got = readAll(far);
    expect((await got).length).toBe(0);
    far.end();
    await settled(rig);
  });

  it('an opening that its opener gave up meanwhile', async () => {
    const rig = await ResumableRig.start();
    for (const link of rig.links) link.silent = true;
    const opening = rig.broker.open({ service: 'echo', class: 'live', timeoutMs: 20 });
    await expect(opening).rejects.toMatchObject({ code: 'open-timeout' });
    rig.cutAll();
    await until(() => rig.agent.suspended && rig.broker.suspended);
    await rig.attach('resume');
    await settled(rig);
  });
});

describe('a suspended session', () => {
  it('refuses to open channels, and says that it may be tried again', async () => {
    const rig = await ResumableRig.start();
    rig.cutAll();
    await until(() => rig.broker.suspended);
    const refused = rig.broker.open({ service: 'echo', class: 'live' });
    await expect(refused).rejects.toMatchObject({ code: 'suspended', retryable: true });
    rig.close();
  });

  it('ends with the reason of its last lane when nobody comes back in time, its channels with session-lost', async () => {
    const rig = await ResumableRig.start({ config: { resumeWindowMs: 30 } });
    const [near] = await rig.channel();
    const closed = new Promise<CloseReason>((resolve) => rig.broker.on('close', resolve));
    rig.cutAll();
    expect(await closed).toMatchObject({ code: 'transport-closed', by: 'transport' });
    expect((await near.closed).code).toBe('session-lost');
    rig.close();
  });

  it('that was closed meanwhile refuses the agent', async () => {
    const rig = await ResumableRig.start();
    rig.cutAll();
    await until(() => rig.agent.suspended && rig.broker.suspended);
    rig.broker.close('agent-revoked');
    await expect(rig.attach('resume')).rejects.toMatchObject({ code: 'resume-refused' });
    expect(rig.agent.suspended).toBe(true);
    rig.close();
  });
});

describe('a session cannot be stolen', () => {
  it('by a proof over another connection', async () => {
    const rig = await ResumableRig.start();
    const wrong = { agentExporter: randomBytes(32) };
    await expect(rig.attach('lane', wrong)).rejects.toMatchObject({ code: 'resume-refused' });
    await expect(rig.attach('resume', wrong)).rejects.toMatchObject({ code: 'resume-refused' });
    expect([rig.broker.laneCount, rig.agent.laneCount]).toEqual([1, 1]);
    rig.close();
  });

  it('when the application does not let the lane in', async () => {
    const rig = await ResumableRig.start();
    rig.refusal = { code: 'certificate-revoked' };
    await expect(rig.attach('lane')).rejects.toMatchObject({ code: 'certificate-revoked' });
    rig.close();
  });
});

describe('lanes', () => {
  it('come and go while idle, up to eight', async () => {
    const rig = await ResumableRig.start();
    for (let lane = 1; lane < 8; lane += 1) await rig.attach('lane');
    expect([rig.agent.laneCount, rig.broker.laneCount]).toEqual([8, 8]);
    await expect(rig.attach('lane')).rejects.toMatchObject({ code: 'resume-refused' });
    while (rig.agent.detachIdle());
    await until(() => rig.broker.laneCount === 1);
    expect(rig.agent.laneCount).toBe(1);
    const [near, far] = await rig.channel();
    const got = readAll(far);
    await writeAll(near, Buffer.from('still here'));
    expect((await got).toString()).toBe('still here');
    rig.close();
  });

  it('carry DATA beside control, which keeps the first', async () => {
    const rig = await ResumableRig.start();
    await rig.attach('lane');
    const [live] = await rig.channel('live');
    const [control] = await rig.channel('control');
    live.write(Buffer.from('x'));
    control.write(Buffer.from('x'));
    await until(() => live.lane !== undefined && control.lane !== undefined);
    expect([control.lane?.index, live.lane?.index]).toEqual([0, 1]);
    rig.close();
  });
});
