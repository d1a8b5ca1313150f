import type { mediaOpen } from '@app/contracts';
import { LinkSource, type LinkConnect } from '@app/media';
import type { z } from 'zod';
import type { StreamPath } from '../tickets/stream-path.js';

export type Media = z.output<typeof mediaOpen.reply>;

/** A stream of one tenant's site, and on whose behalf it is fetched. */
export interface WantedStream extends StreamPath {
  tenantId: string;
  user: string;
}

/** The upstream of a hub, and what federation last said of it. */
export class SiteLink extends LinkSource {
  /** Undefined until it was opened for the first time. */
  media: Pick<Media, 'siteId' | 'cameraId'> | undefined;

  constructor(
    readonly stream: WantedStream,
    connect: LinkConnect,
  ) {
    super(connect);
  }
}
