import { DomainError, federationRelay, type Relayed, type RequestContract } from '@app/contracts';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { from } from 'rxjs';
import type { z } from 'zod';
import { REPLICA_ID } from './replica.js';

type Answer = (request: unknown) => Promise<unknown>;

/** The asker's own wait must not be over before the answer of the owner has come through here. */
const HOP_MS = 250;

/** Brings a request that needs contact with a site to the process that runs the role. */
@Injectable()
export class OwnerRelay {
  private readonly answers = new Map<string, Answer>();

  constructor(
    @Inject(REPLICA_ID) private readonly replicaId: string,
    @Inject(MessageClient) private readonly messages: MessageClient,
  ) {}

  /** What this process answers when it runs the role. */
  serve<Req extends z.ZodType, Res extends z.ZodType>(
    contract: RequestContract<Req, Res>,
    answer: (request: z.output<Req>) => Promise<z.input<Res>>,
  ): void {
    this.answers.set(contract.subject, async (request) => answer(contract.request.parse(request)));
  }

  /**
   * Answers here, or where the role runs.
   * @param owner `replica_id` of the role; null while nobody runs it
   * @throws DomainError of the owner; `unavailable` when it has just died
   */
  async ask<Req extends z.ZodType, Res extends z.ZodType>(
    contract: RequestContract<Req, Res>,
    request: z.output<Req>,
    owner: string | null,
    here: () => Promise<z.input<Res>>,
  ): Promise<z.input<Res>> {
    if (this.isHere(owner)) return here();
    const relay = federationRelay(owner, contract.timeoutMs - HOP_MS);
    return (await this.messages.request(relay, { subject: contract.subject, request })) as z.input<Res>;
  }

  /** As `serve`, for a contract with several replies. */
  serveAll<Req extends z.ZodType, Res extends z.ZodType>(
    contract: RequestContract<Req, Res>,
    answer: (request: z.output<Req>) => Promise<z.input<Res>[]>,
  ): void {
    this.answers.set(contract.subject, async (request) => from(await answer(contract.request.parse(request))));
  }

  /** As `ask`, for a contract with several replies. */
  async askAll<Req extends z.ZodType, Res extends z.ZodType>(
    contract: RequestContract<Req, Res>,
    request: z.output<Req>,
    owner: string | null,
    here: () => Promise<z.input<Res>[]>,
  ): Promise<z.input<Res>[]> {
    if (this.isHere(owner)) return here();
    const relay = federationRelay(owner, contract.timeoutMs - HOP_MS);
    return (await this.messages.requestAll(relay, { subject: contract.subject, request })) as z.input<Res>[];
  }

  /** For the handler of this process's own subject. @throws DomainError `not-implemented` */
  answer({ subject, request }: Relayed): Promise<unknown> {
    const answer = this.answers.get(subject);
    if (answer === undefined)
      throw new DomainError('not-implemented', 'this process of federation does not answer that');
    return answer(request);
  }

  private isHere(owner: string | null): owner is null {
    return owner === null || owner === this.replicaId;
  }
}
