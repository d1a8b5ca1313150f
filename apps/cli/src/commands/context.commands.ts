import { CliError } from '../errors.js';
import { relative } from '../output/time.js';
import { command } from '../program/command.js';

const list = command({
  path: 'context list',
  summary: 'the servers you are or were signed in at',
  examples: ['adit context list'],
  run: async ({ contexts, out }) => {
    const { current, contexts: all } = await contexts.read();
    const items = Object.entries(all).map(([name, { token, ...context }]) => ({
      name,
      current: name === current,
      signedIn: token !== undefined,
      ...context,
    }));
    await out.list(
      items,
      [
        { title: 'NAME', whole: true, of: ({ name, current: isCurrent }) => `${isCurrent ? '*' : ' '} ${name}` },
        { title: 'SERVER', whole: true, of: ({ url }) => url },
        { title: 'USER', of: ({ username = '-' }) => username },
        { title: 'SIGNED IN', of: ({ signedIn, expiresAt }) => (signedIn ? `ends ${relative(expiresAt)}` : 'no') },
      ],
      { id: ({ name }) => name, nothing: 'No server yet: adit login --url https://HOST' },
    );
  },
});

const use = command({
  path: 'context use',
  summary: 'work with another server from now on',
  args: [{ name: '<context>', summary: 'its name', complete: 'context' }],
  examples: ['adit context use test'],
  run: async ({ args: [name = ''], contexts, out }) => {
    await contexts.change((all) => {
      if (!Object.hasOwn(all.contexts, name)) throw unknown(name);
      all.current = name;
    });
    out.done({ current: name }, `Commands go to ${name} now.`);
  },
});

const remove = command({
  path: 'context delete',
  summary: 'forget a server, and the token for it',
  args: [{ name: '<context>', summary: 'its name', complete: 'context' }],
  examples: ['adit logout --context test && adit context delete test'],
  run: async ({ args: [name = ''], contexts, out }) => {
    await contexts.change((all) => {
      if (!Object.hasOwn(all.contexts, name)) throw unknown(name);
      delete all.contexts[name];
      if (all.current === name) delete all.current;
    });
    out.done({ deleted: name }, `${name} is forgotten.`);
  },
});

const unknown = (name: string): CliError =>
  new CliError('context-unknown', `there is no context ${name}`, 'adit context list shows them all');

export const CONTEXT_COMMANDS = [list, use, remove];
