import type { Channel } from './channel.js';
import { RESET_CODES } from './errors.js';
import { CHANNEL_CLASS, type ChannelClass } from './frame.js';

/** Of one class since the session began. Bytes are payload; `bytesReceived` counts what is in order. */
export interface ClassStats {
  /** Open now. */
  readonly channels: number;
  readonly channelsOpened: number;
  readonly channelsEnded: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Sent once more, because a lane was lost with them. */
  readonly bytesResent: number;
  /** Waiting to be sent. */
  readonly queuedBytes: number;
  /** For how long the oldest of them has waited. */
  readonly queueAgeMs: number;
  /** By code; codes that are not of this lib are counted together as `other`. */
  readonly resets: Readonly<Record<string, number>>;
}

/** One open channel. */
export interface ChannelInfo extends Omit<ClassStats, 'channels' | 'channelsOpened' | 'channelsEnded' | 'resets'> {
  readonly id: number;
  readonly service: string;
  readonly class: ChannelClass;
  readonly label: string;
}

/** The same, to be added to. */
export type ClassTotals = { -readonly [Name in keyof ClassStats]: ClassStats[Name] } & {
  resets: Record<string, number>;
};

const CLASSES = Object.keys(CHANNEL_CLASS) as ChannelClass[];
const KNOWN_CODES = new Set<string>(RESET_CODES);

/**
 * What the channels of a session carried, by class. Nothing is counted while bytes flow: channels know their own
 * figures, which are added up when somebody asks, and kept when a channel goes.
 */
export class ChannelAccounts {
  /** Of channels that are gone, and what is counted once per channel. */
  private readonly past: Partial<Record<ChannelClass, ClassTotals>> = {};
  private readonly open = new Set<Channel>();

  opened(channel: Channel): void {
    this.open.add(channel);
    this.totals(channel).channelsOpened += 1;
  }

  /** Both directions have ended, or the session has. One that was never opened does not count. */
  ended(channel: Channel): void {
    if (!this.open.delete(channel)) return;
    const totals = this.totals(channel);
    totals.channelsEnded += 1;
    if (channel.resetReason === undefined) return;
    const code = KNOWN_CODES.has(channel.resetReason) ? channel.resetReason : 'other';
    totals.resets[code] = (totals.resets[code] ?? 0) + 1;
  }

  /** Its own figures will not be asked any more. */
  removed(channel: Channel): void {
    this.ended(channel);
    if (channel.bytesSent > 0 || channel.bytesReceived > 0) addBytes(this.totals(channel), channel);
  }

  /** @param channels that were not removed */
  classes(channels: Iterable<Channel>, nowMs: number): Record<ChannelClass, ClassStats> {
    const sums = Object.fromEntries(
      CLASSES.map((name) => {
        const past = this.past[name];
        return [name, past === undefined ? noClassTotals() : { ...past, resets: { ...past.resets } }];
      }),
    ) as Record<ChannelClass, ClassTotals>;
    for (const channel of this.open) sums[channel.class].channels += 1;
    for (const channel of channels) {
      const sum = sums[channel.class];
      addBytes(sum, channel);
      sum.queuedBytes += channel.out.queuedBytes;
      sum.queueAgeMs = Math.max(sum.queueAgeMs, queueAgeMs(channel, nowMs));
    }
    return sums;
  }

  channels(nowMs: number): ChannelInfo[] {
    return Array.from(this.open, (channel) => ({
      id: channel.id,
      service: channel.service,
      class: channel.class,
      label: channel.label,
      bytesSent: channel.bytesSent,
      bytesReceived: channel.bytesReceived,
      bytesResent: channel.out.resentBytes,
      queuedBytes: channel.out.queuedBytes,
      queueAgeMs: queueAgeMs(channel, nowMs),
    }));
  }

  private totals({ class: name }: Channel): ClassTotals {
    this.past[name] ??= noClassTotals();
    return this.past[name];
  }
}

/** Nothing carried yet. */
export function noClassTotals(): ClassTotals {
  return {
    channels: 0,
    channelsOpened: 0,
    channelsEnded: 0,
    bytesSent: 0,
    bytesReceived: 0,
    bytesResent: 0,
    queuedBytes: 0,
    queueAgeMs: 0,
    resets: {},
  };
}

function addBytes(totals: ClassTotals, channel: Channel): void {
  totals.bytesSent += channel.bytesSent;
  totals.bytesReceived += channel.bytesReceived;
  totals.bytesResent += channel.out.resentBytes;
}

function queueAgeMs({ out, queueAge }: Channel, nowMs: number): number {
  return out.queuedBytes === 0 ? 0 : queueAge.read(out.sentBytes, nowMs);
}
