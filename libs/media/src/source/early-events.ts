import type { AccessUnit, SenderReport } from '../access-unit.js';
import type { MediaError } from '../errors.js';
import type { Rendition } from '../rendition.js';
import type { SourceListener } from './source.js';

const maxEarlyEvents = 1024;

/** A stream may begin before its opening is answered: holds that back until the opener has the description. */
export class EarlyEvents implements SourceListener {
  #held: (() => void)[] | undefined = [];

  constructor(readonly listener: SourceListener) {}

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const tell of held) tell();
  }

  unit(unit: AccessUnit): void {
    this.#tell(() => this.listener.unit(unit));
  }

  report(report: SenderReport): void {
    this.#tell(() => this.listener.report(report));
  }

  sourceState(isUp: boolean, code: string): void {
    this.#tell(() => this.listener.sourceState?.(isUp, code));
  }

  rendition(rendition: Rendition): void {
    this.#tell(() => this.listener.rendition?.(rendition));
  }

  ended(error: MediaError): void {
    this.#tell(() => this.listener.ended(error));
  }

  #tell(event: () => void): void {
    if (!this.#held) event();
    else if (this.#held.length < maxEarlyEvents) this.#held.push(event);
  }
}
