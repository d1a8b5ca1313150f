import type { OpenReplay, ReplaySink, ReplaySource } from '@app/media';
import { PacedReplay } from './paced-replay.js';

/** A recording device that notes what it is told. */
class Device implements ReplaySource {
  readonly told: string[] = [];
  sink: ReplaySink | undefined;

  open(sink: ReplaySink): Promise<OpenReplay> {
    this.sink = sink;
    return Promise.resolve({
      description: { name: '-', control: '', tracks: [] },
      request: () => Promise.resolve(),
      pause: () => this.told.push('pause'),
      resume: () => this.told.push('resume'),
      close: () => Promise.resolve(),
    });
  }
}

const SINK: ReplaySink = { packets: () => undefined, control: () => undefined, ended: () => undefined };

describe('PacedReplay', () => {
  it('reads on only when neither its link nor the share holds it', async () => {
    const device = new Device();
    const replay = new PacedReplay(device, () => undefined);
    const open = await replay.paced.open(SINK, new AbortController().signal);
    open.pause();
    replay.hold(true);
    open.resume();
    expect(device.told).toEqual(['pause']);
    replay.hold(false);
    replay.hold(false);
    expect(device.told).toEqual(['pause', 'resume']);
  });

  it('begins held when the share is spent', async () => {
    const device = new Device();
    const replay = new PacedReplay(device, () => undefined);
    replay.hold(true);
    await replay.paced.open(SINK, new AbortController().signal);
    expect(device.told).toEqual(['pause']);
  });

  it('counts what the device sends and passes it on', async () => {
    const device = new Device();
    let [spent, passed] = [0, 0];
    const replay = new PacedReplay(device, (bytes) => (spent += bytes));
    const packets = (_track: number, given: Buffer[]): void => void (passed += given.length);
    await replay.paced.open({ ...SINK, packets }, new AbortController().signal);
    device.sink?.packets(0, [Buffer.alloc(100), Buffer.alloc(50)]);
    expect([spent, passed]).toEqual([150, 2]);
  });
});
