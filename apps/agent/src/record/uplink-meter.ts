import type { TunnelClient } from '../tunnel/tunnel.client.js';
import type { Connected } from '../tunnel/tunnel.attempt.js';

const BITS = 8;

/** What the line carried when it was last full: of the session that is up, else of the last one that filled it. */
export class UplinkMeter {
  private session: Pick<Connected['session'], 'stats'> | undefined;
  private before: number | undefined;

  follow(tunnel: Pick<TunnelClient, 'on'>): void {
    tunnel.on('up', ({ session }) => {
      this.before = this.bitsPerSecond;
      this.session = session;
    });
  }

  /** Undefined while the line was never full. */
  get bitsPerSecond(): number | undefined {
    const measured = this.session?.stats.capacityBytesPerSecond;
    return measured === undefined ? this.before : measured * BITS;
  }
}
