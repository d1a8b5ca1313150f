import { type DynamicModule, Module } from '@nestjs/common';

/** Injection token: names this process to others. */
export const REDIRECTOR_ID = Symbol('REDIRECTOR_ID');

@Module({})
export class RedirectorIdModule {
  static of(id: string): DynamicModule {
    const provided = { provide: REDIRECTOR_ID, useValue: id };
    return { module: RedirectorIdModule, global: true, providers: [provided], exports: [REDIRECTOR_ID] };
  }
}
