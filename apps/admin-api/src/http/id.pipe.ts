import { DomainError } from '@app/contracts';
import { type ArgumentMetadata, Injectable, Param, type PipeTransform } from '@nestjs/common';
import { UUID } from './uuid.decorator.js';

@Injectable()
export class IdPipe implements PipeTransform<string, string> {
  transform(value: string, { data }: ArgumentMetadata): string {
    if (UUID.test(value)) return value.toLowerCase();
    throw new DomainError('invalid-request', `${data ?? 'id'} is not a UUID`, {
      fields: [{ pointer: `/${data ?? 'id'}`, detail: 'a UUID' }],
    });
  }
}

/** A UUID in the path. */
export const IdOf = (name: string): ParameterDecorator => Param(name, IdPipe);
