import type { TimelineSpan } from '@app/contracts';
import { ReplayLinkSource, type LinkConnection } from '@app/media';

/** ISO 8601. */
export interface TimelineRange {
  from: string;
  to: string;
}

/** What is recorded of one camera, at its site. */
export class SiteRecording extends ReplayLinkSource {
  constructor(
    connect: (signal: AbortSignal) => Promise<LinkConnection>,
    private readonly ask: (range: TimelineRange) => Promise<{ spans: TimelineSpan[] }>,
  ) {
    super(connect);
  }

  /** Spans in their order that touch each other. @throws DomainError of federation or the site */
  async timeline(range: TimelineRange): Promise<TimelineSpan[]> {
    return (await this.ask(range)).spans;
  }
}
