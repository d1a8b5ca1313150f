import { operator as operatorShape, type Operator } from '../api/shapes.js';
import { CliError } from '../errors.js';
import type { Field } from '../output/output.js';
import { instant, relative } from '../output/time.js';
import { command } from '../program/command.js';
import { confirm, newSecretOf, secretOf } from '../program/input.js';
import { findOperator } from './operator-reference.js';

const ROLES = ['viewer', 'operator', 'administrator', 'security-officer'] as const;
const OPERATOR = { name: '<operator>', summary: 'name or id', complete: 'operator' } as const;
const ROLE = { flags: '--role <role>', summary: 'may be repeated', repeat: true, complete: ROLES } as const;
const PASSWORD_FILE = {
  flags: '--password-file <file>',
  summary: 'instead of being asked; - for standard input',
  complete: 'file',
} as const;

const FIELDS: readonly Field<Operator>[] = [
  { title: 'NAME', whole: true, of: ({ username }) => username },
  { title: 'ROLES', of: ({ roles }) => roles.join(', ') },
  { title: 'SIGNS IN BY', of: signsInBy },
  { title: 'CREATED', whole: true, of: ({ createdAt }) => relative(createdAt) },
  {
    title: 'STATE',
    whole: true,
    of: ({ disabledAt }) => (disabledAt ? 'disabled' : 'active'),
    paint: ({ disabledAt }) => (disabledAt ? 'red' : 'green'),
  },
];

function signsInBy({ hasPassword, identity }: Operator): string {
  return [hasPassword ? 'password' : '', identity ? 'identity provider' : ''].filter(Boolean).join(', ') || '-';
}

const rowsOf = (operator: Operator): [string, string][] => [
  ['Operator', operator.username],
  ['Id', operator.id],
  ['Roles', operator.roles.join(', ')],
  ['Signs in by', signsInBy(operator)],
  ['Created', instant(operator.createdAt)],
  ['State', operator.disabledAt ? `disabled since ${instant(operator.disabledAt)}` : 'active'],
];

const create = command<{ role?: string[]; passwordFile?: string; issuer?: string; subject?: string }>({
  path: 'operator create',
  summary: 'let another person in',
  args: [{ name: '<name>', summary: 'to sign in with', complete: 'none' }],
  options: [
    ROLE,
    PASSWORD_FILE,
    { flags: '--issuer <url>', summary: 'of the identity provider, instead of a password', complete: 'none' },
    { flags: '--subject <sub>', summary: 'who it is there', complete: 'none' },
  ],
  examples: [
    'adit operator create jana --role operator',
    'adit operator create jana --role viewer --issuer https://login.example.com --subject 4711',
  ],
  run: async (call) => {
    const { args, flags, api, out } = call;
    const [username = ''] = args;
    const { role: roles = [], passwordFile, issuer, subject } = flags;
    if (roles.length === 0)
      throw new CliError('wrong-usage', 'what may the person do?', `Give --role: ${ROLES.join(', ')}`);
    if ((issuer === undefined) !== (subject === undefined)) {
      throw new CliError('wrong-usage', '--issuer and --subject go together');
    }
    const client = await api();
    const identity = issuer === undefined ? {} : { identity: { issuer, subject } };
    const byPassword = issuer === undefined || passwordFile !== undefined;
    const password = byPassword
      ? { password: await newSecretOf(passwordFile, `Password of ${username}`, '--password-file', call) }
      : {};
    const operator = await client.post(operatorShape, '/operators', { username, roles, ...identity, ...password });
    out.one(operator, operator.id, rowsOf(operator));
  },
});

const list = command({
  path: 'operator list',
  summary: 'the people who may sign in',
  examples: ['adit operator list'],
  run: async ({ api, out }) => {
    const operators = (await api()).list(operatorShape, '/operators');
    await out.list(operators, FIELDS, { id: ({ id }) => id, nothing: 'There is no operator.' });
  },
});

const roles = command<{ role?: string[] }>({
  path: 'operator roles',
  summary: 'give an operator these roles instead of the present ones; the sessions end',
  args: [OPERATOR],
  options: [ROLE],
  examples: ['adit operator roles jana --role operator --role security-officer'],
  run: async ({ args: [name = ''], flags: { role = [] }, api, out }) => {
    if (role.length === 0) throw new CliError('wrong-usage', 'which roles?', `Give --role: ${ROLES.join(', ')}`);
    const client = await api();
    const { id } = await findOperator(client, name);
    const operator = await client.patch(operatorShape, `/operators/${id}`, { roles: role });
    out.one(operator, operator.id, rowsOf(operator));
  },
});

const disable = command<{ yes?: boolean }>({
  path: 'operator disable',
  summary: 'let an operator in no more; sessions and API tokens end at once',
  args: [OPERATOR],
  options: [{ flags: '--yes', summary: 'do not ask' }],
  examples: ['adit operator disable jana'],
  run: async (call) => {
    const client = await call.api();
    const { id, username } = await findOperator(client, call.args[0] ?? '');
    await confirm(`Let ${username} in no more?`, call.flags.yes, call);
    const operator = await client.patch(operatorShape, `/operators/${id}`, { disabled: true });
    call.out.one(operator, operator.id, rowsOf(operator));
  },
});

const enable = command({
  path: 'operator enable',
  summary: 'let an operator in again',
  args: [OPERATOR],
  examples: ['adit operator enable jana'],
  run: async ({ args: [name = ''], api, out }) => {
    const client = await api();
    const { id } = await findOperator(client, name);
    const operator = await client.patch(operatorShape, `/operators/${id}`, { disabled: false });
    out.one(operator, operator.id, rowsOf(operator));
  },
});

const password = command<{ passwordFile?: string; currentPasswordFile?: string }>({
  path: 'operator password',
  summary: "set another operator's password, or without a name your own",
  args: [{ ...OPERATOR, name: '[operator]' }],
  options: [
    PASSWORD_FILE,
    { flags: '--current-password-file <file>', summary: 'for your own: the present one', complete: 'file' },
  ],
  examples: ['adit operator password', 'adit operator password jana'],
  run: async (call) => {
    const { args, flags, out } = call;
    const [name] = args;
    const client = await call.api();
    const target = name === undefined ? undefined : await findOperator(client, name);
    const current =
      target === undefined
        ? {
            currentPassword: await secretOf(
              flags.currentPasswordFile,
              'Present password',
              '--current-password-file',
              call,
            ),
          }
        : {};
    const fresh = await newSecretOf(flags.passwordFile, 'New password', '--password-file', call);
    await client.put(`/operators/${target?.id ?? 'current'}/password`, { ...current, password: fresh });
    out.done({ changed: true }, target ? `The password of ${target.username} is set.` : 'Your password is changed.');
  },
});

export const OPERATOR_COMMANDS = [create, list, roles, disable, enable, password];
