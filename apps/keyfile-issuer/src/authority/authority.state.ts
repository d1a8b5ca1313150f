import type { Database } from '@app/persistence';
import {
  certificatePem,
  openCaTree,
  PkiError,
  removeCaTree,
  signTrustBundle,
  type CaTree,
  type KeyStore,
} from '@app/pki';
import type { X509Certificate } from 'node:crypto';
import { AuthorityRepository, type GenerationRow } from './authority.repository.js';
import { pemOf, type AuthoritySnapshot } from './authority.snapshot.js';

export interface AuthorityPlace {
  /** Of the certificates. */
  directory: string;
  deployment: string;
  keys: KeyStore;
  database: Database;
}

/** The CAs as the database says that they are; certificates and keys come from the place that holds them. */
export class AuthorityState {
  private held: AuthoritySnapshot | undefined;
  private reading: Promise<AuthoritySnapshot> | undefined;

  constructor(
    private readonly place: AuthorityPlace,
    private readonly rows = new AuthorityRepository(),
  ) {}

  /** The first tree is made where there is none; a tree that was in use and is gone stops the start. */
  static async open(place: AuthorityPlace): Promise<AuthorityState> {
    const state = new AuthorityState(place);
    const row = await place.database.inSystem((tx) => state.rows.find(tx));
    if (row === undefined) await state.begin();
    await state.refresh();
    await state.removeEnded();
    return state;
  }

  get current(): AuthoritySnapshot {
    if (this.held === undefined) throw new Error('the authority is not loaded');
    return this.held;
  }

  /** What is committed now. Cheap while nothing has changed. */
  async refresh(): Promise<AuthoritySnapshot> {
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  /** Destroys the keys of trees that have ended; a crash between the commit and this is made up for here. */
  async removeEnded(): Promise<void> {
    const { directory, keys, database } = this.place;
    const ended = await database.inSystem((tx) => this.rows.endedGenerations(tx));
    for (const generation of ended) await removeCaTree(directory, keys, generation);
  }

  /** The tree of this number, made when it is not there; a crash in the middle is continued. */
  async makeTree(generation: number): Promise<CaTree> {
    const { directory, deployment, keys, database } = this.place;
    return openCaTree(directory, deployment, await database.now(), { keys, generation });
  }

  private async begin(): Promise<void> {
    const { database, deployment } = this.place;
    const tree = await this.makeTree(1);
    const statement = { deployment, bundleVersion: 1, issuedAt: await database.now(), roots: [tree.root.certificate] };
    const bundle = await signTrustBundle(statement, [tree.root]);
    await database.inSystem((tx) => this.rows.begin(tx, rowOf(tree, null), bundle));
  }

  private async read(): Promise<AuthoritySnapshot> {
    const { database } = this.place;
    const { held } = this;
    const revision = await database.inSystem((tx) => this.rows.revision(tx));
    if (held?.row.revision === revision) return held;
    const snapshot = await this.load();
    this.held = snapshot;
    return snapshot;
  }

  private async load(): Promise<AuthoritySnapshot> {
    const { row, current, next, signedTrust } = await this.place.database.inSystem(async (tx) => {
      const found = await this.rows.find(tx);
      if (found === undefined) throw new Error('the authority has no row');
      const { currentGeneration, nextGeneration, bundleVersion } = found;
      return {
        row: found,
        current: await this.rows.findGeneration(tx, currentGeneration),
        next: nextGeneration === null ? undefined : await this.rows.findGeneration(tx, nextGeneration),
        signedTrust: (await this.rows.bundle(tx, bundleVersion)) ?? '',
      };
    });
    return {
      row,
      signedTrust,
      current: await this.openTree(row.currentGeneration, current),
      next: row.nextGeneration === null ? undefined : await this.openTree(row.nextGeneration, next),
      crossRoot: next?.crossRoot ?? null,
      nextWasActive: next?.wasActive ?? false,
    };
  }

  private async openTree(generation: number, known: GenerationRow | undefined): Promise<CaTree> {
    const { directory, deployment, keys, database } = this.place;
    const options = { keys, generation, mustExist: true };
    const tree = await openCaTree(directory, deployment, await database.now(), options);
    if (known?.root === pemOf(tree.root)) return tree;
    throw new PkiError('ca-key-mismatch', `the root in ${directory} is not the one that the database knows`);
  }
}

/** The tree as the database keeps it. */
export const rowOf = (tree: CaTree, crossRoot: X509Certificate | null): GenerationRow => ({
  generation: tree.generation,
  root: pemOf(tree.root),
  crossRoot: crossRoot === null ? null : certificatePem(crossRoot.raw),
  agentCa: pemOf(tree.agentCa),
  claimCa: pemOf(tree.claimCa),
  serverCa: pemOf(tree.serverCa),
  keyfileSigning: pemOf(tree.keyfileSigning),
});
