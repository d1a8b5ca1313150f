import type { StreamDescription } from '@app/media';

const WINDOW_MS = 5_000;
/** Two looks further apart than this make a rate. */
const LEAST_MS = 1_900;
const MAX_STREAMS = 4_096;
const BITS = 8;

interface Known {
  looks: { at: number; bytes: number }[];
  bitsPerSecond: number | undefined;
}

/** How much the site's streams bring, in bits per second, measured at their hubs whether it was sent on or not. */
export class StreamRates {
  readonly #streams = new Map<string, Known>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** @param bytes that the stream has brought so far; fewer than before when it was opened anew */
  look(key: string, bytes: number): void {
    const at = this.now();
    const known = this.#of(key);
    const last = known.looks.at(-1);
    // A stream that stands still keeps the figure that it had.
    if (last !== undefined && bytes === last.bytes) return;
    if (last !== undefined && (bytes < last.bytes || at - last.at > WINDOW_MS)) known.looks = [];
    known.looks.push({ at, bytes });
    while (known.looks.length > 2 && at - known.looks[1].at >= WINDOW_MS) known.looks.shift();
    const [first] = known.looks;
    const ms = at - first.at;
    if (ms >= LEAST_MS) known.bitsPerSecond = ((bytes - first.bytes) * BITS * 1_000) / ms;
  }

  /** What a stream says of itself counts until it has been measured. */
  declare(key: string, description: StreamDescription): void {
    this.#of(key).bitsPerSecond ??= declaredRate(description);
  }

  /** The last known figure, else 0: a stream of which nothing is known is let in and measured. */
  expect(key: string): number {
    return this.#streams.get(key)?.bitsPerSecond ?? 0;
  }

  #of(key: string): Known {
    const known = this.#streams.get(key) ?? { looks: [], bitsPerSecond: undefined };
    this.#streams.delete(key);
    this.#streams.set(key, known);
    const [oldest] = this.#streams.keys();
    if (this.#streams.size > MAX_STREAMS && oldest !== undefined) this.#streams.delete(oldest);
    return known;
  }
}

/** Sum of the tracks' `b=AS` (kbit/s, RFC 8866 section 5.8) and `b=TIAS` (bit/s, RFC 3890). */
const declaredRate = ({ tracks }: StreamDescription): number =>
  tracks.reduce((sum, { lines }) => {
    const [, kind, value] = /^b=(AS|TIAS):(\d{1,9})$/.exec(lines.find((line) => line.startsWith('b=')) ?? '') ?? [];
    return sum + Number(value ?? 0) * (kind === 'AS' ? 1_000 : 1);
  }, 0);
