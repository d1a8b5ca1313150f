import { createHash } from 'node:crypto';
import type { Notification } from '../../onvif/pull-point.js';

const MAX_PROPERTIES = 1_000;

/** What the properties of a device were last, so that a repetition is no event and a change during a loss is one. */
export class PropertyStates {
  readonly #last = new Map<string, string>();

  /** @returns whether something happened: not for a first state, a repetition, or a property that ended */
  isNews({ topic, operation, source, data }: Notification): boolean {
    if (operation === undefined) return true;
    const key = digestOf([topic, source]);
    const before = this.#last.get(key);
    if (operation === 'deleted') {
      this.#last.delete(key);
      return false;
    }
    const now = digestOf(data);
    if (before === undefined && this.#last.size >= MAX_PROPERTIES) return operation === 'changed';
    this.#last.set(key, now);
    return before === undefined ? operation === 'changed' : before !== now;
  }
}

/** What a device says may be long; what is kept of it is not. */
const digestOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('base64');
