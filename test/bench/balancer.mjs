/** A TCP balancer in a process of its own: prepends a header of PROXY protocol v2, and copies. */
import { connect, createServer } from 'node:net';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** Of the broker. */
const [port = 0] = process.argv.slice(2);
/** Every connection has a client address of its own; else all have one. */
let isEach = false;
/** From here it reaches the broker, which has to trust it and takes the agents at 127.0.0.1 as they are. */
const LOCAL_ADDRESS = '127.0.0.2';
const LOOPBACK = 0x7f_00_00_01;
/** 10.0.0.1 and on. */
const CLIENTS = 0x0a_00_00_01;
const CLIENT_COUNT = 0xff_ff_00;
let accepted = 0;

/** @param {number} index */
function header(index) {
  const block = Buffer.alloc(12);
  block.writeUInt32BE(CLIENTS + (isEach ? index % CLIENT_COUNT : 0), 0);
  block.writeUInt32BE(LOOPBACK, 4);
  block.writeUInt16BE(1_024 + (index % 60_000), 8);
  block.writeUInt16BE(Number(port), 10);
  return Buffer.concat([SIGNATURE, Buffer.from([0x21, 0x11, 0, block.length]), block]);
}

const server = createServer({ noDelay: true }, (client) => {
  const broker = connect({ host: '127.0.0.1', port: Number(port), localAddress: LOCAL_ADDRESS, noDelay: true });
  broker.write(header(accepted++));
  client.pipe(broker).pipe(client);
  for (const [socket, other] of [
    [client, broker],
    [broker, client],
  ]) {
    socket.on('error', () => undefined).once('close', () => other.destroy());
  }
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 }, () => {
  const address = server.address();
  process.send?.({ type: 'ready', port: typeof address === 'object' ? address?.port : 0 });
});
process.on('message', (/** @type {{ id: number, isEach: boolean }} */ order) => {
  ({ isEach } = order);
  process.send?.({ id: order.id });
});
process.on('disconnect', () => process.exit());
