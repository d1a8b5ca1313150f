import { createHash } from 'node:crypto';
import { MediaError, RtspSource, type AccessUnit, type OpenSource, type StreamDescription } from '@app/media';

/** What one viewer saw: every unit with a hash of its payloads and whether its numbers follow those before. */
export class ViewerProbe {
  readonly units: { track: number; key: boolean; timestamp: number; hash: string; at: number }[] = [];
  /** Sequence numbers that did not follow their predecessor. */
  gaps = 0;
  ended: MediaError | undefined;
  description: StreamDescription;
  #open: OpenSource;
  readonly #next = new Map<number, number>();
  readonly #waiting = new Set<() => void>();

  static async play(url: string): Promise<ViewerProbe> {
    const probe = new ViewerProbe();
    const unit = (seen: AccessUnit): void => probe.#see(seen);
    const ended = (error: MediaError): void => ((probe.ended = error), probe.#wake());
    const source = new RtspSource(url, { silenceMs: 30_000 });
    probe.#open = await source.open({ unit, ended, report: () => undefined }, new AbortController().signal);
    probe.description = probe.#open.description;
    return probe;
  }

  video(): string[] {
    return this.units.filter((unit) => unit.track === 0).map((unit) => unit.hash);
  }

  /** Resolves once `done` holds; rejects after `limitMs`. */
  until(done: () => boolean, limitMs = 15_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!done()) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`Not in time; ${this.units.length} units seen, ended: ${this.ended?.code ?? 'no'}`));
      }, limitMs);
      this.#waiting.add(check);
      check();
    });
  }

  close(): Promise<void> {
    return this.#open.close();
  }

  #see(unit: AccessUnit): void {
    const hash = createHash('sha256');
    for (const packet of unit.packets) {
      const sequence = packet.readUInt16BE(2);
      const expected = this.#next.get(unit.track);
      if (expected !== undefined && expected !== sequence) this.gaps++;
      this.#next.set(unit.track, (sequence + 1) & 0xffff);
      hash.update(packet.subarray(12));
    }
    const { track, key, timestamp } = unit;
    this.units.push({ track, key, timestamp, hash: hash.digest('hex'), at: performance.now() });
    this.#wake();
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check();
  }
}
