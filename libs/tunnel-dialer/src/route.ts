/** Where the broker that holds a site's session is dialled. */
export interface Route {
  /** The broker's process; tickets are made for it. */
  brokerId: string;
  /** `host:port` */
  ingress: string;
  ingressTls: boolean;
}
