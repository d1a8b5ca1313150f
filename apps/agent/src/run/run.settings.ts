import type { ProxySettings } from '../network/proxy.settings.js';
import type { EventLimits } from '../events/index.js';
import type { OpenedKeyfile } from '../keyfile/keyfile.service.js';
import type { StateDirectory } from '../state/state-directory.js';
import type { AgentFile } from './agent-file.js';
import type { UplinkOptions } from '../uplink/uplink.keeper.js';
import type { ListenAddress } from './listen-address.js';

/** Everything that `run` has settled before its parts are made. */
export interface RunSettings {
  state: StateDirectory;
  proxy: ProxySettings;
  /** Given when there is no identity yet. */
  keyfile?: OpenedKeyfile | undefined;
  directoryListen?: ListenAddress | undefined;
  redirectorListen?: ListenAddress | undefined;
  services: AgentFile['services'];
  eventLimits: EventLimits;
  uplink: Pick<UplinkOptions, 'policy' | 'source'>;
}

export const RUN_SETTINGS = Symbol('RUN_SETTINGS');
