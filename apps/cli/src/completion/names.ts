import { z } from 'zod';
import { collect } from '../api/collect.js';
import { cameraAddress } from '../commands/site-reference.js';
import { connection } from '../context/connection.js';
import { camera, site } from '../api/shapes.js';
import type { Call } from '../program/command.js';
import type { Names } from './complete.js';

/** More than this helps nobody at a prompt. */
const MOST = 400;
const PATIENCE_MS = 1_500;

/** Names of the server that the next command would go to. Whatever goes wrong, nothing is offered and nothing is said. */
export class ApiNames implements Names {
  constructor(private readonly call: Call) {}

  sites(): Promise<string[]> {
    return this.quietly('/sites', site, ({ label }) => label);
  }

  cameras(): Promise<string[]> {
    return this.quietly('/cameras', camera, cameraAddress);
  }

  operators(): Promise<string[]> {
    return this.quietly('/operators', z.looseObject({ username: z.string() }), ({ username }) => username);
  }

  async contexts(): Promise<string[]> {
    const { contexts } = await this.call.contexts.read().catch(() => ({ contexts: {} }));
    return Object.keys(contexts);
  }

  private async quietly<T>(path: string, shape: z.ZodType<T>, nameOf: (item: T) => string): Promise<string[]> {
    const work = async (): Promise<string[]> => {
      const { flags, environment, contexts, apiAt } = this.call;
      const { url, token } = await connection(flags.context, environment, contexts);
      return (await collect(apiAt(url, token).list(shape, path, {}, MOST))).map(nameOf);
    };
    const late = new Promise<string[]>((resolve) => setTimeout(resolve, PATIENCE_MS, []).unref());
    return Promise.race([work().catch(() => []), late]);
  }
}
