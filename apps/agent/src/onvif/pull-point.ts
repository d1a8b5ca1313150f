import { randomUUID } from 'node:crypto';
import { MediaError } from '@app/media';
import type { OnvifDevice } from './onvif-device.js';
import type { CallOptions } from './soap-client.js';
import { escapeXml, listAt, nodeAt, textAt, timeOf, type XmlNode } from './xml.js';

/** What a device tells of one event (ONVIF Core Specification, event handling). */
export interface Notification {
  /** With the prefixes of the device, such as `tns1:VideoSource/MotionAlarm`. */
  topic: string;
  /** By the clock of the device; undefined when it does not say. */
  atMs: number | undefined;
  /** `initialized` tells how things are, not that they changed; undefined for what has no state. */
  operation: 'initialized' | 'changed' | 'deleted' | undefined;
  source: Record<string, string>;
  data: Record<string, string>;
}

export interface PullPointOptions {
  /** The device ends a subscription that was not renewed for this long. */
  lifeMs: number;
  /** The device answers after this long when nothing happens. */
  waitMs: number;
}

const EVENTS = 'http://www.onvif.org/ver10/events/wsdl';
const NOTIFICATIONS = 'http://docs.oasis-open.org/wsn/bw-2';
/** Beyond the time that the device was asked to wait. */
const ANSWER_MS = 8_000;
const MAX_MESSAGES = 100;
const MAX_ITEMS = 32;
const MAX_TEXT = 500;
const MAX_REFERENCE = 4_096;

/** A subscription by which a device is asked for its events. Everything rejects with a MediaError. */
export class PullPoint {
  #renewAt: number;

  private constructor(
    private readonly device: OnvifDevice,
    private readonly url: string,
    private readonly reference: string,
    private readonly options: PullPointOptions,
  ) {
    this.#renewAt = this.#nextRenewal();
  }

  static async create(device: OnvifDevice, options: PullPointOptions, signal: AbortSignal): Promise<PullPoint> {
    const asked = `<t:InitialTerminationTime>${duration(options.lifeMs)}</t:InitialTerminationTime>`;
    const body = `<t:CreatePullPointSubscription>${asked}</t:CreatePullPointSubscription>`;
    const action = `${EVENTS}/EventPortType/CreatePullPointSubscriptionRequest`;
    const answer = await device.call('events', body, signal, { header: addressing(action) });
    const made = nodeAt(answer, 'CreatePullPointSubscriptionResponse', 'SubscriptionReference');
    const address = textAt(made, 'Address')?.trim();
    const reference = textAt(made, 'ReferenceParameters') ?? '';
    if (address === undefined || !/^https?:\/\//i.test(address) || reference.length > MAX_REFERENCE) {
      throw new MediaError('camera-refused', 'The device names no address of a subscription');
    }
    return new PullPoint(device, device.ownUrl(address), reference, options);
  }

  /** Waits for what happens next; empty when nothing did for a while. */
  async pull(signal: AbortSignal): Promise<Notification[]> {
    if (performance.now() > this.#renewAt) await this.#renew(signal);
    const { waitMs } = this.options;
    const asked = `<t:Timeout>${duration(waitMs)}</t:Timeout><t:MessageLimit>${MAX_MESSAGES}</t:MessageLimit>`;
    const action = `${EVENTS}/PullPointSubscription/PullMessagesRequest`;
    const answer = await this.#call(`<t:PullMessages>${asked}</t:PullMessages>`, action, signal, waitMs + ANSWER_MS);
    const messages = listAt(nodeAt(answer, 'PullMessagesResponse'), 'NotificationMessage').slice(0, MAX_MESSAGES * 10);
    return messages.map(readNotification).filter((one) => one !== undefined);
  }

  async unsubscribe(signal: AbortSignal): Promise<void> {
    const action = `${NOTIFICATIONS}/SubscriptionManager/UnsubscribeRequest`;
    await this.#call('<wsnt:Unsubscribe/>', action, signal);
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const asked = `<wsnt:TerminationTime>${duration(this.options.lifeMs)}</wsnt:TerminationTime>`;
    const action = `${NOTIFICATIONS}/SubscriptionManager/RenewRequest`;
    try {
      await this.#call(`<wsnt:Renew>${asked}</wsnt:Renew>`, action, signal);
    } catch (error) {
      // Devices that prolong with every pull need no Renew and not all of them know it.
      if (!(error instanceof MediaError) || error.code !== 'camera-replay-refused') throw error;
    }
    this.#renewAt = this.#nextRenewal();
  }

  #nextRenewal(): number {
    return performance.now() + this.options.lifeMs / 2;
  }

  #call(body: string, action: string, signal: AbortSignal, timeoutMs?: number): Promise<XmlNode> {
    const options: CallOptions = { header: addressing(action, this.url) + this.reference };
    if (timeoutMs !== undefined) options.timeoutMs = timeoutMs;
    return this.device.callAt(this.url, 'events', body, signal, options);
  }
}

const duration = (ms: number): string => `PT${Math.ceil(ms / 1000)}S`;

const addressing = (action: string, to?: string): string => {
  const space = 'xmlns:a="http://www.w3.org/2005/08/addressing"';
  const target = to === undefined ? '' : `<a:To ${space} s:mustUnderstand="1">${escapeXml(to)}</a:To>`;
  return `<a:Action ${space} s:mustUnderstand="1">${action}</a:Action><a:MessageID ${space}>urn:uuid:${randomUUID()}</a:MessageID>${target}`;
};

const readNotification = (node: XmlNode): Notification | undefined => {
  const topic = textAt(node, 'Topic')?.trim().slice(0, MAX_TEXT);
  const message = nodeAt(node, 'Message', 'Message');
  if (topic === undefined || topic === '' || message === undefined) return undefined;
  return {
    topic,
    atMs: timeOf(textAt(message, '@UtcTime')),
    operation: OPERATIONS[textAt(message, '@PropertyOperation') ?? ''],
    source: itemsOf(nodeAt(message, 'Source')),
    data: itemsOf(nodeAt(message, 'Data')),
  };
};

const OPERATIONS: Partial<Record<string, NonNullable<Notification['operation']>>> = {
  Initialized: 'initialized',
  Changed: 'changed',
  Deleted: 'deleted',
};

const itemsOf = (node: XmlNode | undefined): Record<string, string> =>
  Object.fromEntries(
    listAt(node, 'SimpleItem')
      .slice(0, MAX_ITEMS)
      .map((item) => [(textAt(item, '@Name') ?? '').slice(0, 100), (textAt(item, '@Value') ?? '').slice(0, MAX_TEXT)]),
  );
