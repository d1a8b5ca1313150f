import { DialError } from './errors.js';
import type { Route } from './route.js';
import { RouteMemory } from './route-memory.js';

const route: Route = { brokerId: 'b1', ingress: '127.0.0.1:5580', ingressTls: false };
const codeOf = (asking: Promise<Route>): Promise<string> =>
  asking.then(
    ({ brokerId }) => brokerId,
    (error: unknown) => (error instanceof DialError ? error.code : String(error)),
  );

describe('the memory of routes', () => {
  it('answers with the last route while none can be looked up', async () => {
    let answer: () => Promise<Route | null> = () => Promise.resolve(route);
    const memory = new RouteMemory(() => answer());
    expect(await codeOf(memory.route('t', 'hamburg'))).toBe('b1');
    answer = () => Promise.reject(new Error('database'));
    expect(await codeOf(memory.route('t', 'hamburg'))).toBe('b1');
    expect(await codeOf(memory.route('t', 'hamburg'))).toBe('b1');
    expect(await codeOf(memory.route('other', 'hamburg'))).toBe('site-unreachable');
  });

  it('forgets the route of a site that went offline', async () => {
    let answer: () => Promise<Route | null> = () => Promise.resolve(route);
    const memory = new RouteMemory(() => answer());
    await memory.route('t', 'hamburg');
    answer = () => Promise.resolve(null);
    expect(await codeOf(memory.route('t', 'hamburg'))).toBe('site-offline');
    answer = () => Promise.reject(new Error('database'));
    expect(await codeOf(memory.route('t', 'hamburg'))).toBe('site-unreachable');
  });
});
