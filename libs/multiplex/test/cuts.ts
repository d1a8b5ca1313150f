import { createHash, randomBytes } from 'node:crypto';
import type { Channel } from '../src/index.js';
import { ResumableRig } from './resumable-pair.js';
import { readAll, until, writeAll } from './session-pair.js';

/** What happens to the line, and how the agent comes back. */
export const CUTS = ['all-lanes', 'one-lane', 'silence', 'new-address'] as const;
export type Cut = (typeof CUTS)[number];

export const CHANNELS = 32;
const PAYLOAD_BYTES = 400_000;
/** The broker notices silence by itself, and soon. */
const QUICK = { pingIntervalMs: 20, deadAfterMs: 150 };

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export interface CutOptions {
  readonly cut: Cut;
  /** Of the bytes that are to come down, when the line is cut. */
  readonly share: number;
}

/**
 * One cut under load. @returns digests that differ, codes of channels that are not `finished`, and what else is not as
 * it must be afterwards.
 */
export async function cutUnderLoad({ cut, share }: CutOptions): Promise<string[]> {
  const rig = await ResumableRig.start(cut === 'silence' ? { config: QUICK } : {});
  try {
    for (let lanes = { 'all-lanes': 1, 'one-lane': 2, silence: 0, 'new-address': 1 }[cut]; lanes > 0; lanes -= 1)
      await rig.attach('lane');
    // A machine that is busy for as long as `QUICK` says looks like silence too, from the first byte on: the agent comes back each time.
    if (cut === 'silence') rig.agent.on('suspended', () => void resume(rig));
    const { done } = await load(rig);
    await underway(rig, share);
    await ACTS[cut](rig, share);
    const faults = [...(await done), ...(await unsettled(rig))];
    if (cut === 'silence') await until(() => !rig.agent.suspended);
    return [...faults, ...wrongAfter(rig, cut)];
  } finally {
    rig.close();
  }
}

const ACTS: Readonly<Record<Cut, (rig: ResumableRig, share: number) => Promise<unknown>>> = {
  'all-lanes': async (rig) => {
    rig.cutAll();
    await until(() => rig.agent.suspended && rig.broker.suspended);
    await rig.attach('resume');
    await rig.attach('lane');
  },
  'one-lane': async (rig, share) => {
    rig.links[Math.round(share * 10) % 3]?.cut();
    await until(() => rig.agent.laneCount === 2);
  },
  silence: async (rig) => {
    const links = rig.links.length;
    for (const link of rig.links) link.silent = true;
    await until(() => rig.links.length > links && !rig.agent.suspended);
  },
  // Before the broker noticed anything.
  'new-address': async (rig) => {
    for (const link of rig.links) link.silent = true;
    await rig.attach('resume');
  },
};

async function resume(rig: ResumableRig): Promise<void> {
  while (rig.agent.suspended) await rig.attach('resume').catch(() => undefined);
}

/** Random payloads both ways on 32 channels. @returns digests that differ, and codes that are not `finished`. */
export async function load(rig: ResumableRig): Promise<{ done: Promise<string[]> }> {
  const pairs: [Channel, Channel][] = [];
  for (let index = 0; index < CHANNELS; index += 1) pairs.push(await rig.channel(index % 8 === 0 ? 'control' : 'live'));
  const work = pairs.map(([near, far], index) => carry(near, far, index));
  return { done: Promise.all(work).then((faults) => faults.flat()) };
}

async function carry(near: Channel, far: Channel, index: number): Promise<string[]> {
  const [down, up] = [randomBytes(PAYLOAD_BYTES + index * 31), randomBytes(PAYLOAD_BYTES / 2 + index * 7)];
  const got = Promise.all([readAll(far), readAll(near)]);
  await Promise.all([writeAll(near, down, 10_007), writeAll(far, up, 30_011)]);
  const [gotDown, gotUp] = await got;
  const faults: string[] = [];
  if (sha256(gotDown) !== sha256(down)) faults.push(`channel ${near.id} down: ${gotDown.length} bytes`);
  if (sha256(gotUp) !== sha256(up)) faults.push(`channel ${near.id} up: ${gotUp.length} bytes`);
  const ends = [await near.closed, await far.closed].map(({ code }) => code).filter((code) => code !== 'finished');
  return [...faults, ...ends];
}

/** Until so much of the load has come down. */
function underway(rig: ResumableRig, share: number): Promise<void> {
  const from = rig.agent.stats.bytesReceived;
  return until(() => rig.agent.stats.bytesReceived - from > share * CHANNELS * PAYLOAD_BYTES);
}

/** Both ends must forget every channel and live on. */
export async function unsettled({ agent, broker }: ResumableRig): Promise<string[]> {
  const forgotten = until(() => agent.channelCount === 0 && broker.channelCount === 0);
  const faults = await forgotten.then(
    () => [],
    () => [`${agent.channelCount} and ${broker.channelCount} channels are left`],
  );
  return agent.state === 'open' && broker.state === 'open' ? faults : [...faults, 'the session is not open'];
}

function wrongAfter({ agent, broker }: ResumableRig, cut: Cut): string[] {
  if (cut === 'all-lanes' && broker.stats.resumes !== 1) return [`${broker.stats.resumes} resumes`];
  const lanes = { 'all-lanes': 2, 'one-lane': 2, silence: 1, 'new-address': 1 }[cut];
  return agent.laneCount === lanes ? [] : [`${agent.laneCount} lanes instead of ${lanes}`];
}
