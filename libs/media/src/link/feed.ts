import type { Hub } from '../hub/hub.js';
import type { Rendition } from '../rendition.js';

/** How far behind the receiver of a link is. */
export interface LinkPressure {
  /** Age of the oldest unit that is not acknowledged, ms. */
  ackAgeMs: number;
  /** How often units had to be left out, since the link began. */
  dropEpisodes: number;
}

/** What a link sends: a hub, or something between a hub and the link that looks at how the line bears it. */
export interface Feed extends Pick<Hub, 'describe' | 'subscribe' | 'sourceState' | 'requestKeyframe'> {
  /** Undefined for what has one stream only. */
  readonly rendition?: Rendition | undefined;
  /** Told with every unit and every acknowledgement. */
  pressure?(pressure: LinkPressure): void;
}
