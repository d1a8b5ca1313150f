import { DomainError, type EventContract, type RequestContract } from '@app/contracts';
import { applyDecorators, type ArgumentMetadata, type PipeTransform, UseFilters, UsePipes } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import type { z } from 'zod';
import { RpcErrorFilter } from './rpc-error.filter.js';

class ContractPipe implements PipeTransform<unknown, unknown> {
  constructor(private readonly schema: z.ZodType) {}

  transform(value: unknown, { type }: ArgumentMetadata): unknown {
    if (type !== 'body') return value;
    const parsed = this.schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new DomainError('invalid-request', 'the message does not match its contract', {
      fields: parsed.error.issues.map((issue) => ({ pointer: `/${issue.path.join('/')}`, detail: issue.message })),
    });
  }
}

/** Answers one request contract; what arrives is parsed first, and a DomainError reaches the asker with its code. */
export const HandleRequest = (contract: RequestContract): MethodDecorator =>
  applyDecorators(
    MessagePattern(contract.subject),
    UsePipes(new ContractPipe(contract.request)),
    UseFilters(RpcErrorFilter),
  );

export const HandleEvent = (contract: EventContract): MethodDecorator =>
  applyDecorators(
    EventPattern(contract.subject) as MethodDecorator,
    UsePipes(new ContractPipe(contract.body)),
    UseFilters(RpcErrorFilter),
  );
