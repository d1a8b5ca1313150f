import { discoveryPlace, checkDiscovery } from '../check/discovery.check.js';
import { EXIT, type ExitCode } from '../errors.js';
import { discoverDevices } from '../onvif/ws-discovery.js';
import type { CommandContext } from './command.context.js';

export interface DiscoverFlags {
  /** Seconds. */
  timeout: number;
  json?: boolean;
}

/** Shows the ONVIF devices that answer in the local networks; adds nothing, and gives no account to any of them. */
export const discover = async (flags: DiscoverFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const place = discoveryPlace(context.environment().ADIT_CONTAINER);
  const finding = checkDiscovery(place);
  terminal.progress(`asking the local networks, for ${flags.timeout} s …`);
  const devices =
    place.interfaces.length === 0
      ? []
      : await discoverDevices({ interfaces: place.interfaces, waitMs: flags.timeout * 1000 }).catch(() => []);
  terminal.progress('');
  if (flags.json === true) terminal.json({ finding, devices });
  else {
    if (devices.length === 0) {
      terminal.note(
        'No device answered. One that is in another network, or does not answer: adit-agent onvif add ADDRESS',
      );
    } else {
      terminal.table(devices.map(({ from, name, hardware, addresses }) => [from, name, hardware, addresses.join(' ')]));
    }
    if (finding.level !== 'ok') terminal.note(`${finding.code}: ${finding.detail}. ${finding.advice ?? ''}`);
  }
  return devices.length > 0 ? EXIT.ok : EXIT.negative;
};
