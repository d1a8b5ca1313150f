import { DomainError, type ErrorCode } from '@app/contracts';
import type { Admit, Entrant, Hub, Place } from '@app/media';
import { type AppLogger, CONFIG, LOGGER } from '@app/runtime';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { RedirectorConfig } from '../config.js';
import { refusalOf } from '../streams/refusal.js';
import { StreamRates } from './stream-rates.js';
import { type Claim, type Lack, type PoolLimits, ViewerPool } from './viewer-pool.js';

const SAMPLE_MS = 1_000;
const BITS_PER_MBIT = 1_000_000;

export type ViewerKind = 'live' | 'playback';
/** Whose right it is to watch, and how much it counts. */
export type Holder = Pick<Claim, 'level' | 'party'>;

/**
 * The one place that every viewer passes, by whichever outlet, at the moment at which its media begins: until then it
 * costs nothing and holds nothing.
 */
@Injectable()
export class Admission implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly pools: Readonly<Record<ViewerKind, ViewerPool>>;
  private readonly rates = new StreamRates();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(CONFIG) config: RedirectorConfig,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {
    this.pools = {
      live: new ViewerPool(limits(config.ADIT_LIVE_CAPACITY, config.ADIT_LIVE_BANDWIDTH_MBIT)),
      playback: new ViewerPool(limits(config.ADIT_PLAYBACK_CAPACITY, config.ADIT_PLAYBACK_BANDWIDTH_MBIT)),
    };
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.sample(), SAMPLE_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Refuses at once who would be refused later, before anything is opened for him. @throws DomainError as `enter` */
  live(holder: Holder, hub: Hub): Admit {
    return this.admitTo('live', { ...holder, streamBitsPerS: () => this.rates.ofHub(hub) });
  }

  /** @param key of the recording. @throws DomainError as `enter` */
  playback(holder: Holder, key: string): Admit {
    const { bitsPerS: most } = this.pools.playback.limits;
    // The first viewer may always come, however fast the one before it let the recording run.
    const streamBitsPerS = (): number | undefined => {
      const known = this.rates.ofRecording(key);
      return known && Math.min(known, most);
    };
    const measured = (bitsPerS: number): void => this.rates.noteRecording(key, bitsPerS);
    return this.admitTo('playback', { ...holder, streamBitsPerS, measured });
  }

  private admitTo(kind: ViewerKind, claim: Claim): Admit {
    const lack = this.pools[kind].lackFor(claim);
    if (lack !== undefined) throw exceeded(kind, lack);
    return (entrant) => {
      try {
        return this.enter(kind, claim, entrant);
      } catch (error) {
        return { refuse: refusalOf(error) };
      }
    };
  }

  /** @throws DomainError `live-capacity-exceeded`, `live-bandwidth-exceeded`, and the same of playback */
  private enter(kind: ViewerKind, claim: Claim, entrant: Entrant): Place {
    const pool = this.pools[kind];
    const before = pool.preempted;
    const place = pool.enter(claim, entrant);
    const about = { kind, level: claim.level, party: claim.party, transport: entrant.transport };
    if (pool.preempted > before)
      this.logger.info({ ...about, preempted: pool.preempted - before }, 'viewers had to go');
    if (typeof place !== 'string') return place;
    const error = exceeded(kind, place);
    this.logger.info({ ...about, code: error.code }, 'a viewer was refused');
    throw error;
  }

  private sample(): void {
    this.rates.sample();
    for (const pool of Object.values(this.pools)) pool.sample();
  }
}

const limits = (viewers: number | undefined, mbit: number | undefined): PoolLimits => ({
  viewers: viewers ?? Infinity,
  bitsPerS: mbit === undefined ? Infinity : mbit * BITS_PER_MBIT,
});

const DETAILS: Record<Lack, string> = {
  capacity: 'as many watch as this redirector may serve',
  bandwidth: 'the bandwidth of this redirector is in use',
};

export const exceeded = (kind: ViewerKind, lack: Lack): DomainError => {
  const code: ErrorCode = `${kind}-${lack}-exceeded`;
  return new DomainError(code, DETAILS[lack]);
};
