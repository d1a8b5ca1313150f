import fc from 'fast-check';
import { ResumableRig } from '../test/resumable-pair.js';
import { until } from '../test/session-pair.js';
import type { Channel } from './index.js';

type Step =
  | { readonly kind: 'open'; readonly class: 'live' | 'bulk' | 'control' }
  | { readonly kind: 'write'; readonly channel: number; readonly down: boolean; readonly bytes: number }
  | { readonly kind: 'end' | 'reset'; readonly channel: number; readonly down: boolean }
  | { readonly kind: 'lane' | 'cut-one' | 'cut-all' | 'silence' | 'pause' };

const channelIndex = fc.nat({ max: 7 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('open'), class: fc.constantFrom('live', 'bulk', 'control') }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('write'),
      channel: channelIndex,
      down: fc.boolean(),
      bytes: fc.integer({ min: 1, max: 90_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end'), channel: channelIndex, down: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset'), channel: channelIndex, down: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('lane', 'cut-one', 'cut-all', 'silence', 'pause') }) },
) as fc.Arbitrary<Step>;

/** One direction of a channel as the model knows it: bytes are a pattern of their offset. */
interface Direction {
  readonly from: Channel;
  written: number;
  read: number;
  wrong: number;
  ended: boolean;
  finished: boolean;
}

const pattern = (offset: number): number => (offset * 31 + (offset >>> 8)) & 0xff;

class Model {
  readonly channels: { down: Direction; up: Direction; cut: boolean; codes: string[] }[] = [];

  constructor(private readonly rig: ResumableRig) {
    rig.agent.on('suspended', () => void this.heal());
  }

  async run(each: Step): Promise<void> {
    if (each.kind === 'open') return this.open(each.class);
    if (each.kind === 'write' || each.kind === 'end' || each.kind === 'reset') return this.act(each);
    if (each.kind === 'pause') return new Promise((resolve) => setTimeout(resolve, 3));
    if (each.kind === 'lane') return void (await this.rig.attach('lane').catch(() => undefined));
    if (each.kind === 'cut-one') this.rig.links.findLast((link) => link.alive)?.cut();
    if (each.kind === 'cut-all') this.rig.cutAll();
    if (each.kind === 'silence') for (const link of this.rig.links) link.silent = true;
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (each.kind === 'silence') await this.rig.attach('resume').catch(() => undefined);
  }

  private async heal(): Promise<void> {
    while (this.rig.agent.suspended) await this.rig.attach('resume').catch(() => undefined);
  }

  /** Everything that was written and not cut has arrived, unchanged; everything that was ended has its end. */
  get settled(): boolean {
    return this.channels.every(({ down, up, cut, codes }) => {
      if (cut) return codes.length === 2;
      return [down, up].every((one) => one.read === one.written && one.finished === one.ended);
    });
  }

  private async open(channelClass: 'live' | 'bulk' | 'control'): Promise<void> {
    if (this.rig.broker.suspended || this.rig.agent.suspended) return;
    const opened = await this.rig.channel(channelClass).catch(() => undefined);
    if (opened === undefined) return;
    const [near, far] = opened;
    const [down, up] = [direction(near, far), direction(far, near)];
    const codes: string[] = [];
    near.onReset = (code) => codes.push(code);
    far.onReset = (code) => codes.push(code);
    this.channels.push({ down, up, cut: false, codes });
  }

  private act(each: Extract<Step, { channel: number }>): void {
    const channel = this.channels[each.channel];
    if (channel === undefined || channel.cut) return;
    const { from, ...state } = each.down ? channel.down : channel.up;
    const direct = each.down ? channel.down : channel.up;
    if (each.kind === 'reset') {
      if (channel.down.ended && channel.up.ended) return;
      channel.cut = true;
      from.reset('cancelled');
    } else if (!state.ended && each.kind === 'end') {
      direct.ended = true;
      from.end();
    } else if (!state.ended && each.kind === 'write') {
      const bytes = Buffer.from(Uint8Array.from({ length: each.bytes }, (_, index) => pattern(direct.written + index)));
      direct.written += each.bytes;
      from.write(bytes);
    }
  }
}

function direction(from: Channel, to: Channel): Direction {
  const made: Direction = { from, written: 0, read: 0, wrong: 0, ended: false, finished: false };
  to.onData = (chunk) => {
    for (const byte of chunk) if (byte !== pattern(made.read++)) made.wrong += 1;
    to.consume(chunk.length);
  };
  to.onFin = () => {
    made.finished = true;
  };
  return made;
}

describe('two sessions over a hostile line', () => {
  it('do what the model says, whatever is opened, written, ended, cut and resumed in which order', async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const rig = await ResumableRig.start({ config: { windowBytes: 65_536, sendBufferLimitBytes: 2 ** 30 } });
      const model = new Model(rig);
      try {
        for (const each of steps) await model.run(each);
        await new Promise((resolve) => setTimeout(resolve, 2));
        await until(() => model.settled);
        expect(model.channels.map(({ down, up }) => down.wrong + up.wrong).filter((wrong) => wrong > 0)).toEqual([]);
        expect([rig.agent.state, rig.broker.state]).toEqual(['open', 'open']);
      } finally {
        rig.close();
      }
    });
    await fc.assert(property, { numRuns: 25, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false });
  }, 40_000);
});
