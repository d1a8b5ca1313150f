import { setTimeout as delay } from 'node:timers/promises';
import type { CommandOutcome, EntitySink, SiteCommand, SiteConnector } from '../../apps/agent/src/site/index.js';

const ENTITY = { state: 'online', stateReason: '' } as const;

/** A system of a site with a camera that turns, one that does not, and a relay; it remembers what it was told. */
export class SteeredSystem implements SiteConnector {
  readonly name = 'steered';
  /** In the order in which the device obeyed. */
  readonly obeyed: SiteCommand[] = [];
  /** Until the device obeys, ms. */
  slowMs = 0;
  isRelayOn = false;
  #moving: NodeJS.Timeout | undefined;

  get isTurning(): boolean {
    return this.#moving !== undefined;
  }

  start(sink: EntitySink): Promise<void> {
    const presets = [{ token: '1', name: 'Gate' }];
    sink.upsert({
      ...ENTITY,
      remoteId: 'dome',
      kind: 'camera',
      name: 'Dome',
      streams: [],
      ptz: true,
      properties: { presets },
    });
    sink.upsert({ ...ENTITY, remoteId: 'fixed', kind: 'camera', name: 'Fixed', streams: [] });
    sink.upsert({ ...ENTITY, remoteId: 'siren', kind: 'output', name: 'Siren', streams: [] });
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#stop();
    return Promise.resolve();
  }

  stream(): undefined {
    return undefined;
  }

  holds(): boolean {
    return false;
  }

  execute(remoteId: string, command: SiteCommand, signal: AbortSignal): Promise<CommandOutcome> | undefined {
    return ['dome', 'fixed', 'siren'].includes(remoteId) ? this.#obey(command, signal) : undefined;
  }

  async #obey(command: SiteCommand, signal: AbortSignal): Promise<CommandOutcome> {
    if (this.slowMs > 0) await delay(this.slowMs, undefined, { signal });
    this.obeyed.push(command);
    if (command.kind === 'ptz-preset' && command.preset !== '1')
      return { outcome: 'refused', reason: 'preset-unknown: the device has no such preset' };
    if (command.kind === 'set-output') this.isRelayOn = command.active;
    if (command.kind.startsWith('ptz-')) this.#stop();
    // As ONVIF devices do: it stops by itself.
    if (command.kind === 'ptz-move') this.#moving = setTimeout(() => this.#stop(), command.timeoutMs);
    return { outcome: 'done' };
  }

  #stop(): void {
    clearTimeout(this.#moving);
    this.#moving = undefined;
  }
}
