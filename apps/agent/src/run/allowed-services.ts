import { OWN_SERVICES, ServiceAllowList } from '../tunnel/service-allow-list.js';
import type { AgentFile } from './agent-file.js';
import { parseAddress } from './listen-address.js';

interface Ports {
  directory: { port: number };
  redirector: { port: number };
}

const LOOPBACK = '127.0.0.1';

/** The site's own two services and what its installer named. @throws AgentError `service-invalid` */
export const allowedServices = ({ directory, redirector }: Ports, more: AgentFile['services']): ServiceAllowList => {
  const list = new ServiceAllowList();
  list.allow('directory', { host: LOOPBACK, port: directory.port, classes: OWN_SERVICES.directory });
  list.allow('redirector', { host: LOOPBACK, port: redirector.port, classes: OWN_SERVICES.redirector });
  for (const [name, { address, classes }] of Object.entries(more)) {
    list.allow(name, { ...parseAddress(address), classes });
  }
  return list;
};
