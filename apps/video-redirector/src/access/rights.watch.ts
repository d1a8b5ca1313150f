import { LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';

const LOOK_MS = 3_000;
/** Ids of one question to the database. */
const BATCH = 1_000;

/** Knows which rights of its kind do not hold any more. */
export interface RightsRegister {
  /** Those of `ids` that were taken back. Rejects when nobody knows just now. */
  revoked(ids: readonly string[]): Promise<string[]>;
}

export interface WatchedRight {
  /** Of a ticket, or of one version of an account. */
  id: string;
  /** Ms since the epoch: nobody can come with it later. */
  until: number;
  /** Who watches ends then too, instead of going on. */
  endsThen: boolean;
}

/** Ends what is being watched under a right when it is taken back, or when its time is over and it says so. */
@Injectable()
export class RightsWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly live = new Map<RightsRegister, Map<string, WatchedRight & { ended: AbortController }>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(@Inject(LOGGER) private readonly logger: AppLogger) {}

  onApplicationBootstrap(): void {
    this.timer = setTimeout(() => void this.look(), LOOK_MS);
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Aborts within seconds of the end of the right. */
  ended(register: RightsRegister, right: WatchedRight): AbortSignal {
    const rights = this.live.get(register) ?? new Map<string, WatchedRight & { ended: AbortController }>();
    this.live.set(register, rights);
    const known = rights.get(right.id) ?? { ...right, ended: new AbortController() };
    rights.set(right.id, known);
    return known.ended.signal;
  }

  private async look(): Promise<void> {
    for (const [register, rights] of this.live) {
      this.forgetOver(rights);
      const ids = [...rights.keys()];
      try {
        for (let at = 0; at < ids.length; at += BATCH) {
          for (const id of await register.revoked(ids.slice(at, at + BATCH))) end(rights, id);
        }
      } catch (error) {
        this.logger.debug({ err: error }, 'revoked rights could not be looked up');
      }
    }
    if (this.timer !== undefined) this.timer = setTimeout(() => void this.look(), LOOK_MS);
  }

  private forgetOver(rights: Map<string, WatchedRight & { ended: AbortController }>): void {
    const now = Date.now();
    for (const [id, { until, endsThen }] of rights) {
      if (until >= now) continue;
      if (endsThen) end(rights, id);
      else rights.delete(id);
    }
  }
}

const end = (rights: Map<string, WatchedRight & { ended: AbortController }>, id: string): void => {
  rights.get(id)?.ended.abort();
  rights.delete(id);
};
