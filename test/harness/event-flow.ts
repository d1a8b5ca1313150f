import { join } from 'node:path';
import { EVENTS_FILE } from '../../apps/agent/src/events/event-files.js';
import { readNewest } from '../../apps/agent/src/events/event-reader.js';
import { waitUntil } from './condition.js';
import type { OnvifDevice } from './onvif-device.js';
import type { Platform } from './platform.js';
import type { Site } from './site.js';

const TICK_MS = 20;
/** More than any test makes. */
const MOST = 1_000_000;
/** Of the topic by which the device tells them. */
const TYPE = 'tns1:Test/Flow';

interface Stored {
  sequence: string;
  type: string;
  number: string | null;
}

/** Numbered events of a device of a real agent, as evenly as a clock, and what of them is at the host. */
export class EventFlow {
  /** How many the device has told. */
  count = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly platform: Platform,
    private readonly device: OnvifDevice,
    private readonly site: Site,
    private readonly perSecond: number,
  ) {}

  start(): void {
    const [startedAt, before] = [performance.now(), this.count];
    this.#timer = setInterval(() => {
      const due = before + ((performance.now() - startedAt) * this.perSecond) / 1_000;
      while (this.count < due) this.#tell();
    }, TICK_MS);
  }

  /** One more event ends the flow. @returns its number */
  stop(): number {
    clearInterval(this.#timer);
    this.#tell();
    return this.count;
  }

  /** SIGKILL of the agent; resolves when its next process has its tunnel up and is subscribed: a device keeps nothing for one that is gone. */
  async killAgent(): Promise<void> {
    const before = this.#subscriptions;
    await this.site.kill();
    await waitUntil('the agent subscribes again', () => this.#subscriptions > before);
  }

  get #subscriptions(): number {
    return this.device.actions.filter((action) => action === 'CreatePullPointSubscription').length;
  }

  /** Of all events of a site at the host, in the order in which they came. */
  stored(siteId: string): Promise<Stored[]> {
    return this.platform.query<Stored>(
      `SELECT sequence::text, type, details -> 'data' ->> 'Number' AS number FROM event WHERE site_id = $1 ORDER BY arrived_at`,
      [siteId],
    );
  }

  async numbers(siteId: string): Promise<number[]> {
    return (await this.stored(siteId)).filter(({ type }) => type === TYPE).map(({ number }) => Number(number));
  }

  /** Until the host has the event of this number, or a later one. A database that is away is asked again. */
  async until(siteId: string, number: number, limitMs = 60_000): Promise<void> {
    const isThere = async (): Promise<boolean> => ((await this.numbers(siteId).catch(() => [])).at(-1) ?? 0) >= number;
    await waitUntil(`event ${number} is at the host`, isThere, limitMs);
  }

  /**
   * What the host has of the agent's store: `lost` and `twice` are numbers of the store, `isOrdered` is about these numbers and
   * about those that the device gave.
   */
  async compare(siteId: string): Promise<{ lost: number[]; twice: number[]; told: number; isOrdered: boolean }> {
    const [rows, numbers] = [await this.stored(siteId), await this.numbers(siteId)];
    const sequences = rows.map(({ sequence }) => Number(sequence));
    const had = new Set(sequences);
    const { newest } = readNewest(join(this.site.stateDir, EVENTS_FILE), MOST);
    return {
      lost: newest.map(({ sequence }) => sequence).filter((sequence) => !had.has(sequence)),
      twice: sequences.filter((sequence, index) => sequences.indexOf(sequence) !== index),
      told: rows.filter(({ type }) => type === 'events.lost').length,
      isOrdered: isRising(sequences) && isRising(numbers),
    };
  }

  #tell(): void {
    this.count += 1;
    this.device.events.pulse(TYPE, { Source: 'source-1' }, { Number: String(this.count) });
  }
}

/** Of `compare`, when nothing went wrong. */
export const WHOLE = { lost: [], twice: [], told: 0, isOrdered: true };

const isRising = (values: readonly number[]): boolean =>
  values.every((value, index) => index === 0 || value > (values[index - 1] ?? 0));
