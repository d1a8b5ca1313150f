import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CaTree, FileKeyStore, KeyWrap, openCaTree } from '@app/pki';

/** The CAs of a platform's issuer, as somebody who stole its disk and its secrets has them. */
export const openIssuerTree = async (dataDir: string, generation = 1): Promise<CaTree> => {
  const directory = join(dataDir, 'issuer', 'ca');
  const secret = readFileSync(join(dataDir, 'secrets', 'keyfile-issuer', 'ca.kek'), 'utf8').trim();
  const keys = await FileKeyStore.open(directory, new KeyWrap({ secret: Buffer.from(secret, 'hex') }));
  return openCaTree(directory, 'adit', new Date(), { keys, generation, mustExist: true });
};
