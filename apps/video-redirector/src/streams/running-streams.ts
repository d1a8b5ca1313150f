import type { StreamChoice } from '@app/persistence';
import type { ViewerGrant, ViewerInfo } from '@app/media';
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';

/** A viewer that plays, under an id that gives no right to anything. */
export interface RunningStream {
  readonly id: string;
  readonly viewer: ViewerInfo;
  /** Time in which nothing came that should have. */
  stalledMs: number;
  /** An operator ends it just now. */
  isEnding: boolean;
}

/** One whose rights are known: only these have an owner to show them to. */
export type OwnedStream = RunningStream & { readonly viewer: ViewerInfo & { grant: ViewerGrant } };

/** Who watches here now. */
@Injectable()
export class RunningStreams {
  private readonly streams = new Map<ViewerInfo, RunningStream>();
  private readonly stopped: ((stream: RunningStream) => void)[] = [];

  /** Called once for each that is over. */
  onStopped(listener: (stream: RunningStream) => void): void {
    this.stopped.push(listener);
  }

  add(viewer: ViewerInfo): void {
    this.streams.set(viewer, { id: randomUUID(), viewer, stalledMs: 0, isEnding: false });
  }

  remove(viewer: ViewerInfo): void {
    const stream = this.streams.get(viewer);
    if (!stream || !this.streams.delete(viewer)) return;
    for (const listener of this.stopped) listener(stream);
  }

  all(): Iterable<RunningStream> {
    return this.streams.values();
  }

  /** Those of one tenant for which everything holds that is given. */
  chosen(tenantId: string, { streamId, siteId, cameraId, user }: StreamChoice): OwnedStream[] {
    const isMeant = ({ id, viewer: { grant } }: RunningStream): boolean =>
      grant?.tenantId === tenantId &&
      (streamId === undefined || id === streamId) &&
      (siteId === undefined || grant.siteId === siteId) &&
      (cameraId === undefined || grant.cameraId === cameraId) &&
      (user === undefined || isUser(grant.user, user));
    return [...this.streams.values()].filter(isMeant).filter(isOwned);
  }
}

/** An operator's API tokens are his: their names go on behind his. */
const isUser = (watching: string, meant: string): boolean => watching === meant || watching.startsWith(`${meant}/`);

export const isOwned = (stream: RunningStream): stream is OwnedStream => stream.viewer.grant !== undefined;
