import { hash, type HashOptions, verify } from 'argon2';
import { createHash, randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { AgentError } from '../errors.js';
import type { StateDirectory } from '../state/state-directory.js';
import { UsersBusyError } from './busy-error.js';
import { PasswordCache } from './password-cache.js';
import { type AccountRights, DEFAULT_RIGHTS, type SiteAccount } from './rights.js';
import { type User, userFile } from './user.js';

export const USERS_FILE = 'users.json';
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
const PASSWORD_MIN_LENGTH = 12;
const PASSWORD_MAX_BYTES = 256;
/** argon2id with the OWASP minimum: 19 MiB, two passes, one lane. */
const ARGON2: HashOptions = { type: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const CACHE_LIFETIME_MS = 60_000;
const CACHE_ENTRIES = 64;
/** Guessing passwords may cost this much memory and no more. */
const MAX_CONCURRENT = 2;
const MAX_WAITING = 32;

/** The federation accounts in a state directory; changes by another process are seen at the next sign-in. */
export class UserStore {
  private readonly cache = new PasswordCache(CACHE_LIFETIME_MS, CACHE_ENTRIES);
  private readonly waiting: (() => void)[] = [];
  private running = 0;
  private known: { mark: string; users: User[] } = { mark: '', users: [] };
  private decoy: Promise<string> | undefined;

  constructor(private readonly state: StateDirectory) {}

  /** Creates or replaces an account. @returns its password, generated when none is given. @throws AgentError `user-invalid` */
  async add(name: string, password = newPassword(), rights: AccountRights = leastRights()): Promise<string> {
    if (!NAME.test(name)) {
      throw new AgentError(
        'user-invalid',
        'A user name has 1 to 64 of a-z, A-Z, 0-9, . _ @ - and begins with a letter or digit',
      );
    }
    const made = { name, hash: await hashOf(password), createdAt: new Date().toISOString(), ...rights };
    await this.save([...(await this.load()).filter((user) => user.name !== name), made]);
    return password;
  }

  /** @throws AgentError `user-unknown` */
  async allow(name: string, rights: AccountRights): Promise<void> {
    await this.change(name, ({ hash: kept, createdAt }) => ({ name, hash: kept, createdAt, ...rights }));
  }

  /** @returns the password, generated when none is given. @throws AgentError `user-unknown`, `user-invalid` */
  async setPassword(name: string, password = newPassword()): Promise<string> {
    const made = await hashOf(password);
    await this.change(name, (user) => ({ ...user, hash: made }));
    return password;
  }

  /** @throws AgentError `user-unknown` */
  async remove(name: string): Promise<void> {
    await this.change(name, () => undefined);
  }

  async list(): Promise<User[]> {
    return this.load();
  }

  async names(): Promise<string[]> {
    return (await this.load()).map(({ name }) => name);
  }

  /** The account as it is now; undefined when there is none. */
  async find(name: string): Promise<SiteAccount | undefined> {
    const user = (await this.load()).find((candidate) => candidate.name === name);
    return user && toAccount(user);
  }

  /** Undefined unless the account exists and the password is its own; an unknown name takes as long as a wrong password. @throws UsersBusyError */
  async verify(name: string, password: string): Promise<SiteAccount | undefined> {
    if (Buffer.byteLength(password) > PASSWORD_MAX_BYTES) return undefined;
    const user = (await this.load()).find((candidate) => candidate.name === name);
    const stored = user?.hash ?? (await this.decoyHash());
    if (user !== undefined && this.cache.has(name, password, stored)) return toAccount(user);
    const right = await this.inTurn(() => verify(stored, password));
    if (!right || user === undefined) return undefined;
    this.cache.add(name, password, stored);
    return toAccount(user);
  }

  private async change(name: string, make: (user: User) => User | undefined): Promise<void> {
    const users = await this.load();
    if (!users.some((user) => user.name === name)) {
      throw new AgentError('user-unknown', `There is no account ${name}`, 'adit-agent user list shows them');
    }
    await this.save(users.flatMap((user) => (user.name === name ? (make(user) ?? []) : user)));
  }

  private async save(users: readonly User[]): Promise<void> {
    await this.state.writeJson(USERS_FILE, { v: 2, users });
  }

  private decoyHash(): Promise<string> {
    this.decoy ??= hash(randomBytes(32), ARGON2);
    return this.decoy;
  }

  /** @throws UsersBusyError */
  private async inTurn(check: () => Promise<boolean>): Promise<boolean> {
    if (this.running < MAX_CONCURRENT) this.running += 1;
    else if (this.waiting.length >= MAX_WAITING) throw new UsersBusyError();
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await check();
    } finally {
      // The place goes to whoever waits longest, without becoming free in between.
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }

  private async load(): Promise<User[]> {
    const mark = await this.fileMark();
    if (mark !== this.known.mark) {
      this.known = { mark, users: (await this.state.readJson(USERS_FILE, userFile))?.users ?? [] };
    }
    return this.known.users;
  }

  /** Each write is a new file: inode, time and size tell them apart. */
  private async fileMark(): Promise<string> {
    try {
      const { ino, mtimeMs, size } = await stat(this.state.file(USERS_FILE));
      return `${ino}/${mtimeMs}/${size}`;
    } catch {
      return 'none';
    }
  }
}

const newPassword = (): string => randomBytes(18).toString('base64url');

const leastRights = (): AccountRights => ({ allow: [...DEFAULT_RIGHTS], level: 1 });

const hashOf = (password: string): Promise<string> => {
  if (password.length < PASSWORD_MIN_LENGTH || Buffer.byteLength(password) > PASSWORD_MAX_BYTES) {
    throw new AgentError('user-invalid', `A password has ${PASSWORD_MIN_LENGTH} to ${PASSWORD_MAX_BYTES} characters`);
  }
  return hash(password, ARGON2);
};

const toAccount = ({ name, hash: stored, createdAt: _createdAt, ...rights }: User): SiteAccount => ({
  name,
  rights,
  mark: digest(JSON.stringify([stored, rights])),
  credential: digest(stored),
});

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
