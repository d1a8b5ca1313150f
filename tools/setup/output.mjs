import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Removes built files whose source was moved or deleted. The rest stays in place, because a platform that runs from it
 * may start an app again at any moment.
 * @param {string} root
 */
export function removeStaleOutput(root) {
  for (const folder of ['apps', 'libs']) sweep(root, folder);
}

/**
 * @param {string} root
 * @param {string} folder
 */
function sweep(root, folder) {
  const dir = join(root, 'dist', folder);
  if (!existsSync(dir)) return;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      sweep(root, path);
      continue;
    }
    const source = path.replace(/\.(js|js\.map|d\.ts)$/, '.ts');
    if (source !== path && !existsSync(join(root, source))) rmSync(join(root, 'dist', path), { force: true });
  }
}
