import { hash, type HashOptions, verify } from 'argon2';
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { AgentError } from '../errors.js';
import type { StateDirectory } from '../state/state-directory.js';
import { PasswordCache } from './password-cache.js';
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
  async add(name: string, password = randomBytes(18).toString('base64url')): Promise<string> {
    if (!NAME.test(name)) {
      throw new AgentError(
        'user-invalid',
        'A user name has 1 to 64 of a-z, A-Z, 0-9, . _ @ - and begins with a letter or digit',
      );
    }
    if (password.length < PASSWORD_MIN_LENGTH || Buffer.byteLength(password) > PASSWORD_MAX_BYTES) {
      throw new AgentError('user-invalid', `A password has ${PASSWORD_MIN_LENGTH} to ${PASSWORD_MAX_BYTES} characters`);
    }
    const made = { name, hash: await hash(password, ARGON2), createdAt: new Date().toISOString() };
    const others = (await this.load()).filter((user) => user.name !== name);
    await this.state.writeJson(USERS_FILE, { v: 1, users: [...others, made] });
    return password;
  }

  async names(): Promise<string[]> {
    return (await this.load()).map(({ name }) => name);
  }

  /** Whether the account exists and the password is its own; an unknown name takes as long as a wrong password. */
  async verify(name: string, password: string): Promise<boolean> {
    if (Buffer.byteLength(password) > PASSWORD_MAX_BYTES) return false;
    const user = (await this.load()).find((candidate) => candidate.name === name);
    const stored = user?.hash ?? (await this.decoyHash());
    if (user !== undefined && this.cache.has(name, password, stored)) return true;
    const right = await this.inTurn(() => verify(stored, password));
    if (!right || user === undefined) return false;
    this.cache.add(name, password, stored);
    return true;
  }

  private decoyHash(): Promise<string> {
    this.decoy ??= hash(randomBytes(32), ARGON2);
    return this.decoy;
  }

  private async inTurn(check: () => Promise<boolean>): Promise<boolean> {
    if (this.running < MAX_CONCURRENT) this.running += 1;
    else if (this.waiting.length >= MAX_WAITING) return false;
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
