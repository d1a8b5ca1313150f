import { SESSION_CODES } from '../src/errors.js';
import type { Channel, ChannelClass, OpenRequest, Role, SessionCode } from '../src/index.js';
import { conversation } from './conversation.js';
import type { FuzzOptions } from './fuzz-decoder.js';
import { heldBytes } from './held-bytes.js';
import { HostileScene } from './hostile-scene.js';
import { LiveTimers } from './live-timers.js';
import { chunked, mutate } from './mutate.js';
import { Random } from './random.js';
import type { RawPeer } from './raw-peer.js';

export interface SessionFuzz {
  /** By which codes sessions ended, and how many lived on until they were closed. */
  readonly outcomes: Record<string, number>;
  readonly faults: string[];
  readonly grownBytes: number;
}

interface Variant {
  readonly role: Role;
  readonly resumable: boolean;
}

/** Turns of the event loop in which what was written is heard and answered. */
const TURNS = 6;

/** Whole sessions against mutated conversations: each must end with a code, and leave nothing behind. */
export async function fuzzSessions(
  { inputs, seed, progress, samples }: FuzzOptions,
  { role, resumable }: Variant,
): Promise<SessionFuzz> {
  const outcomes: Record<string, number> = {};
  const faults: string[] = [];
  const held: number[] = [];
  const timers = new LiveTimers();
  try {
    for (let input = 0; input < inputs; input += 1) {
      const { outcome, fault } = await round(new Random(seed + input), { role, resumable });
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (fault !== undefined && faults.length < 20) faults.push(`input ${input} of seed ${seed}: ${fault}`);
      if ((input + 1) % Math.ceil(inputs / samples) !== 0 && input + 1 < inputs) continue;
      await quiet(timers);
      if (timers.count > 0) faults.push(`${timers.count} timers are left before input ${input + 1} of seed ${seed}`);
      held.push(heldBytes());
      progress?.(input + 1);
    }
  } finally {
    timers.stop();
  }
  const [first = 0] = held;
  return { outcomes, faults, grownBytes: Math.max(first, ...held) - first };
}

async function round(random: Random, variant: Variant): Promise<{ outcome: string; fault?: string }> {
  const scene = new HostileScene({ ...variant, config: CONFIG, onOpen: (request) => serve(request, random) });
  const greeted = !random.once(8);
  const channels = random.between(1, 4);
  if (greeted) await greet(scene, channels, random);
  const said = conversation(random, {
    parity: variant.role === 'broker' ? 0 : 1,
    resumable: variant.resumable,
    channels,
  });
  const frames = mutate(said, random.below(4), random);
  const half = random.below(frames.length);
  await say(scene.peer, frames.slice(0, half), random);
  const second = greeted && variant.resumable && random.once(2) ? await again(scene, random) : scene.peer;
  await say(second, frames.slice(half), random);
  const outcome = scene.code ?? (scene.session.suspended ? 'suspended' : 'alive');
  scene.close();
  second.transport.destroy();
  const fault = faultOf(scene);
  return { outcome, ...(fault === undefined ? {} : { fault }) };
}

const CONFIG = { closeLingerMs: 1, resumeWindowMs: 60_000, budgetBytes: 1_048_576, maxChannels: 8 } as const;

/** With as many channels of the session's own as the conversation will speak of. */
async function greet(scene: HostileScene, channels: number, random: Random): Promise<void> {
  scene.greet();
  await turns();
  for (let opens = 0; opens < channels; opens += 1) {
    const channelClass = random.pick<ChannelClass>(['control', 'live', 'events', 'bulk']);
    scene.session
      .open({ service: 'x', class: channelClass })
      .then((channel) => echo(channel))
      .catch(() => undefined);
  }
}

/** Another connection into the session, after the loss of the first or beside it. */
async function again(scene: HostileScene, random: Random): Promise<RawPeer> {
  const as = random.pick(['lane', 'resume'] as const);
  if (as === 'resume' && random.once(2)) scene.peer.transport.destroy();
  await turns();
  if (scene.session.state !== 'open') return scene.peer;
  return scene.further(as);
}

async function say(peer: RawPeer, frames: Buffer[], random: Random): Promise<void> {
  for (const chunk of chunked(Buffer.concat(frames), random)) {
    if (peer.transport.writable) peer.transport.write(chunk);
    if (random.once(10)) await turns();
  }
  await turns();
}

/** The application behind the session: it obeys backpressure and does what each service is called. */
function serve(request: OpenRequest, random: Random): void {
  if (request.service === 'none') return request.refuse('unknown-service');
  if (request.service === 'wait') return;
  const channel = request.accept();
  if (request.service === 'pour') channel.write(Buffer.alloc(random.below(200_000)));
  if (request.service !== 'mute') echo(channel);
}

function echo(channel: Channel): void {
  channel.onData = (chunk) => {
    if (!channel.sendEnded) channel.write(Buffer.from(chunk));
    channel.consume(chunk.length);
  };
  channel.onFin = () => channel.end();
}

function faultOf({ session, reasons, faults, budget }: HostileScene): string | undefined {
  const [reason] = reasons;
  if (reason === undefined || reasons.length > 1) return `it closed ${reasons.length} times`;
  const documented = reason.by === 'peer' || SESSION_CODES.includes(reason.code as SessionCode);
  if (!documented || (reason.code === 'internal-error' && reason.by !== 'peer'))
    return `it ended with ${reason.code}: ${reason.detail}`;
  if (faults.length > 0) return `a fault: ${String(faults[0])}`;
  if (budget.reservedBytes !== 0) return `${budget.reservedBytes} bytes are still reserved`;
  return session.channelCount === 0 ? undefined : 'channels are left';
}

/** What runs out by itself within a moment is not left over. */
async function quiet(timers: LiveTimers): Promise<void> {
  const deadline = performance.now() + 500;
  while (timers.count > 0 && performance.now() < deadline) await turns();
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
