import { setTimeout as sleep } from 'node:timers/promises';
import { asMediaError } from '@app/media';
import type { OnvifDevice } from '../../onvif/onvif-device.js';
import { type Notification, PullPoint, type PullPointOptions } from '../../onvif/pull-point.js';

export interface EventPullerOptions extends PullPointOptions {
  /** Longest wait between two subscriptions; the first is a thirtieth of it. */
  maxRetryMs: number;
}

export const eventPullerDefaults: EventPullerOptions = { lifeMs: 60_000, waitMs: 10_000, maxRetryMs: 30_000 };

export interface EventPullerListener {
  /** One after the other, in the order of the device. */
  notified(notification: Notification): void;
  /** The subscription is lost and will be made again. */
  lost(code: string): void;
  /** A subscription stands, the first or another. */
  subscribed(): void;
}

/** Asks one device for its events until it is closed, with one subscription after the other. */
export class EventPuller {
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(
    private readonly device: OnvifDevice,
    private readonly listener: EventPullerListener,
    private readonly options: EventPullerOptions,
  ) {
    this.#done = this.#run();
  }

  /** Lets the device forget the subscription, if it answers soon. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { maxRetryMs } = this.options;
    const firstMs = maxRetryMs / 30;
    let retryMs = firstMs;
    while (!signal.aborted) {
      try {
        await this.#subscription(() => (retryMs = firstMs));
      } catch (error) {
        if (signal.aborted) return;
        this.listener.lost(asMediaError(error, 'camera-refused').code);
      }
      // Half of it at random: devices that came back together are not asked together.
      await sleep(retryMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
      retryMs = Math.min(retryMs * 2, maxRetryMs);
    }
  }

  async #subscription(onPulled: () => void): Promise<void> {
    const { signal } = this.#stop;
    const point = await PullPoint.create(this.device, this.options, signal);
    this.listener.subscribed();
    try {
      while (!signal.aborted) {
        const notifications = await point.pull(signal);
        onPulled();
        for (const one of notifications) this.listener.notified(one);
        // A device that answers at once with nothing would be asked without a pause.
        if (notifications.length === 0) await sleep(100, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      await point.unsubscribe(AbortSignal.timeout(1_000)).catch(() => undefined);
    }
  }
}
