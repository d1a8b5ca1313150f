import type { Hub, Outlet, Subscription } from '../hub/hub.js';
import type { Feed, LinkPressure } from '../link/feed.js';
import type { Rendition } from '../rendition.js';
import type { StreamDescription } from '../stream-description.js';
import type { RenditionControl } from './rendition-control.js';

/** Any feed, with an eye on how the line bears it. */
export class WatchedFeed implements Feed {
  constructor(
    readonly inner: Feed,
    readonly control: RenditionControl,
  ) {}

  get rendition(): Rendition | undefined {
    return this.inner.rendition;
  }

  get sourceState(): Hub['sourceState'] {
    return this.inner.sourceState;
  }

  describe(): Promise<StreamDescription> {
    return this.inner.describe();
  }

  subscribe(outlet: Outlet): Subscription {
    return this.inner.subscribe(outlet);
  }

  requestKeyframe(): void {
    this.inner.requestKeyframe();
  }

  pressure(pressure: LinkPressure): void {
    this.control.observe(pressure);
  }
}
