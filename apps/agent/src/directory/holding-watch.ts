import type { SiteDirectory } from '../site/site-directory.js';
import type { Holder, Holding } from '../users/holding.js';
import type { SiteAccount } from '../users/rights.js';
import { Sight } from './sight.js';
import type { UserVerifier } from './user-verifier.js';

/** Ends what an account has going and may not have any more; what the account of now may have goes on untouched. */
export class HoldingWatch {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly site: Pick<SiteDirectory, 'find'>,
    private readonly users: Pick<UserVerifier, 'find'>,
    private readonly holders: readonly Holder[],
    private readonly checkMs: number,
  ) {}

  start(): void {
    this.#timer ??= setInterval(() => void this.look(), this.checkMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Never rejects: accounts that cannot be read may have nothing, as they could not begin anything either. */
  async look(): Promise<void> {
    const held = this.holders.flatMap((holder) => holder.held);
    const accounts = new Set(held.map(({ account }) => account));
    const of = (name: string): Holding[] => held.filter(({ account }) => account === name);
    await Promise.all([...accounts].map((name) => this.#judge(name, of(name))));
  }

  async #judge(name: string, holdings: readonly Holding[]): Promise<void> {
    const account = await this.users.find(name).catch(() => undefined);
    const sight = account && new Sight(this.site, account.rights);
    for (const holding of holdings) {
      const mayGoOn = account !== undefined && isRightOf(account, holding) && sight?.seesId(holding.entityId) === true;
      if (!mayGoOn) holding.end();
    }
  }
}

const isRightOf = ({ rights, credential }: SiteAccount, holding: Holding): boolean =>
  rights.allow.includes(holding.right) &&
  (holding.credential === undefined || holding.credential === credential) &&
  (holding.level === undefined || holding.level >= rights.level);
