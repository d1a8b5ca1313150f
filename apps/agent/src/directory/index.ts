export {
  DirectoryServer,
  directoryServerLimits,
  type DirectoryServerLimits,
  type DirectoryServerOptions,
} from './directory-server.js';
export type { UserVerifier } from './user-verifier.js';
