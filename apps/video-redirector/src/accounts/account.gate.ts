import { DomainError, type ErrorCode } from '@app/contracts';
import type { DigestCredentials } from '@app/media';
import { Database, StreamAccountStatusRepository, type StreamAccountStatus } from '@app/persistence';
import { CONFIG, LOGGER, readPrivateKey, readPublicKeys, type AppLogger } from '@app/runtime';
import { isWithin, parseCidrs } from '@app/tunnel-dialer';
import { Inject, Injectable } from '@nestjs/common';
import type { RightsRegister, WatchedRight } from '../access/rights.watch.js';
import type { RedirectorConfig } from '../config.js';
import type { StreamPath } from '../tickets/stream-path.js';
import { AccountMemory } from './account-memory.js';
import { AccountRefusals } from './account-refusals.js';
import { AccountSecrets } from './account-secrets.js';
import { FailureLimit } from './failure-limit.js';

export interface AdmittedAccount {
  tenantId: string;
  user: string;
  level: number;
  right: WatchedRight;
}

interface Lookup {
  account: StreamAccountStatus | undefined;
  /** From memory: the database is away. */
  isRemembered: boolean;
}

type Reason = 'revoked' | 'expired' | 'address' | 'usage' | 'camera';

const REFUSALS: Record<Reason, [code: ErrorCode, detail: string]> = {
  revoked: ['stream-account-revoked', 'the stream account was revoked'],
  expired: ['stream-account-expired', 'the time of the stream account is over'],
  address: ['forbidden', 'the stream account is not for this address'],
  usage: ['forbidden', 'the stream account is not for this usage'],
  camera: ['forbidden', 'the stream account is not for this camera'],
};

/** Lets a viewer in who has shown the password of a stream account, to what that account may watch. */
@Injectable()
export class AccountGate implements RightsRegister {
  private readonly secrets: AccountSecrets;
  private readonly memory = new AccountMemory();
  private readonly limit = new FailureLimit();

  constructor(
    @Inject(CONFIG) config: RedirectorConfig,
    private readonly database: Database,
    private readonly accounts: StreamAccountStatusRepository,
    private readonly refusals: AccountRefusals,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {
    const own = readPrivateKey(config.ADIT_SECRETS_DIR, 'seal.jwk');
    this.secrets = new AccountSecrets(own, readPublicKeys(config.ADIT_PUBLIC_KEYS_FILE).seal['video-redirector']);
  }

  /**
   * A name that is nobody's, and a wrong password, are the same to whoever asks, and take the same time.
   * @throws DomainError `unauthenticated`, `rate-limited`, `stream-account-revoked`, `stream-account-expired`, `forbidden`, `unavailable`
   */
  async admit(
    credentials: DigestCredentials | undefined,
    path: StreamPath,
    remoteAddress: string,
  ): Promise<AdmittedAccount> {
    if (credentials === undefined || credentials.isStale) {
      throw new DomainError('unauthenticated', 'a stream account or a view ticket is needed');
    }
    const address = remoteAddress.replace(/%.*$/, '');
    const account = await this.proven(credentials, path, address);
    const reason = await this.reasonAgainst(account, path, address);
    if (reason !== undefined) {
      void this.refusals.note(account, reason, address);
      throw new DomainError(...REFUSALS[reason]);
    }
    this.memory.remember(account, path);
    void this.noteUse(account, address);
    const { id, tenantId, username, version, level, expiresAt } = account;
    const right = { id: `${id}/${version}`, until: expiresAt?.getTime() ?? Infinity, endsThen: true };
    return { tenantId, user: `stream-account:${username}`, level, right };
  }

  /** Versions of accounts that are revoked, over or changed since. */
  async revoked(ids: readonly string[]): Promise<string[]> {
    const accountOf = (id: string): string => id.slice(0, id.indexOf('/'));
    const accountIds = [...new Set(ids.map(accountOf))];
    const versions = await this.database.inSystem((tx) => this.accounts.versions(tx, accountIds));
    const over = ids.filter((id) => id !== `${accountOf(id)}/${versions.get(accountOf(id))}`);
    if (over.length > 0) this.memory.forget(new Set(over.map(accountOf)));
    return over;
  }

  /** The account whose password was shown. */
  private async proven(
    credentials: DigestCredentials,
    path: StreamPath,
    address: string,
  ): Promise<StreamAccountStatus & { isRemembered: boolean }> {
    const { username } = credentials;
    const attempt = this.limit.begin(address, username);
    const { account, isRemembered, isRight } = await this.judge(credentials, path).catch((error: unknown) => {
      attempt.takeBack();
      throw error;
    });
    if (account !== undefined && isRight) {
      attempt.succeeded();
      return { ...account, isRemembered };
    }
    if (account !== undefined) void this.refusals.note(account, 'wrong-password', address);
    // The password may be another one since the database went away.
    if (isRemembered) throw new DomainError('unavailable', 'the database is away');
    throw new DomainError('unauthenticated', 'user or password is wrong');
  }

  private async judge(credentials: DigestCredentials, path: StreamPath): Promise<Lookup & { isRight: boolean }> {
    const { account, isRemembered } = await this.find(credentials.username, path);
    const secret = await this.secrets.open(account);
    return { account, isRemembered, isRight: credentials.verify(secret) };
  }

  private async find(username: string, path: StreamPath): Promise<Lookup> {
    try {
      const account = await this.database.inSystem((tx) => this.accounts.find(tx, username));
      return { account, isRemembered: false };
    } catch (error) {
      const account = isAway(error) ? this.memory.recall(username, path) : undefined;
      if (account === undefined) throw error;
      return { account, isRemembered: true };
    }
  }

  private async reasonAgainst(
    account: StreamAccountStatus & { isRemembered: boolean },
    path: StreamPath,
    address: string,
  ): Promise<Reason | undefined> {
    if (account.revoked) return 'revoked';
    if (account.expired) return 'expired';
    const { allowedCidrs } = account;
    if (allowedCidrs.length > 0 && !isWithin(address, parseCidrs(allowedCidrs))) return 'address';
    if (!account.usages.includes(path.usage)) return 'usage';
    // What is remembered was let in to this very stream.
    if (account.isRemembered || (await this.mayWatch(account, path))) return undefined;
    return 'camera';
  }

  private mayWatch({ id }: StreamAccountStatus, { site, camera }: StreamPath): Promise<boolean> {
    return this.database.inSystem((tx) => this.accounts.mayWatch(tx, id, site, camera));
  }

  private async noteUse({ id, tenantId }: StreamAccountStatus, address: string): Promise<void> {
    try {
      await this.database.inTenant(tenantId, (tx) => this.accounts.noteUse(tx, tenantId, id, address));
    } catch (error) {
      this.logger.debug({ err: error }, 'the use of a stream account is not on record');
    }
  }
}

const isAway = (error: unknown): boolean => error instanceof DomainError && error.code === 'unavailable';
