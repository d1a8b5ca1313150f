import { DomainError, redirectorEndStreams } from '@app/contracts';
import { Database, type StreamChoice, StreamViewRepository } from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { CameraService } from '../camera/camera.service.js';
import type { Caller } from '../http/request.js';
import { SiteService } from '../site/site.service.js';
import type { EndedStreams, StreamsToEnd } from './stream.dto.js';

const NOT_FOUND = 'there is no such stream, or it is over';

/** Ends streams at the redirectors that serve them; they write it into the audit. */
@Injectable()
export class StreamControl {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(StreamViewRepository) private readonly streams: StreamViewRepository,
    @Inject(SiteService) private readonly sites: SiteService,
    @Inject(CameraService) private readonly cameras: CameraService,
    @Inject(MessageClient) private readonly messages: MessageClient,
  ) {}

  /** @throws DomainError `not-found`, also when it is ended twice; `unavailable`, `timeout` when its redirector does not answer */
  async end(caller: Caller, streamId: string): Promise<EndedStreams> {
    const { tenantId } = caller;
    const stream = await this.database.inTenant(tenantId, (tx) => this.streams.find(tx, tenantId, streamId));
    if (!stream) throw new DomainError('not-found', NOT_FOUND);
    const answer = await this.ask(caller, stream.redirectorId, { streamId });
    if (answer.ended === 0) throw new DomainError('not-found', NOT_FOUND);
    return answer;
  }

  /**
   * Ends all for which everything holds that is given, also those too new to be listed.
   * @throws DomainError `invalid-request` when nothing is given; `not-found`, `camera-not-found`; `unavailable` or `timeout`
   *   when a redirector did not answer: then nothing is sure, and the same request may be repeated
   */
  async endAll(caller: Caller, choice: StreamsToEnd): Promise<EndedStreams> {
    const { siteId, cameraId, user } = choice;
    if ([siteId, cameraId, user].every((given) => given === undefined)) {
      const fields = [{ pointer: '', detail: 'siteId, cameraId or user' }];
      throw new DomainError('invalid-request', 'say whose streams are meant', { fields });
    }
    if (siteId !== undefined) await this.sites.find(caller.tenantId, siteId);
    if (cameraId !== undefined) await this.cameras.find(caller.tenantId, cameraId);
    const redirectors = await this.database.inSystem((tx) => this.streams.redirectors(tx));
    const answers = await Promise.allSettled(redirectors.map((id) => this.ask(caller, id, { siteId, cameraId, user })));
    const failed = answers.find((answer) => answer.status === 'rejected');
    if (failed) throw failed.reason;
    return {
      ended: answers.reduce((sum, answer) => sum + (answer.status === 'fulfilled' ? answer.value.ended : 0), 0),
    };
  }

  private ask(
    { tenantId, actor, correlationId }: Caller,
    redirectorId: string,
    choice: StreamChoice,
  ): Promise<EndedStreams> {
    return this.messages.request(redirectorEndStreams(redirectorId), { tenantId, actor, correlationId, ...choice });
  }
}
