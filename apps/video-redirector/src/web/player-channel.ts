import type { PlayerChannel } from '@app/media';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/**
 * The way to a player. A fragment goes out as the second part of a fragmented message (RFC 6455 section 5.4), in the same write as its
 * first part: joining the two for each player would copy the stream as often as it is watched.
 */
export const channelOf = (player: WebSocket, socket: Duplex): PlayerChannel => ({
  text: (message) => player.send(JSON.stringify(message)),
  binary: (head, body) => {
    socket.cork();
    player.send(head, { fin: false });
    player.send(body, { fin: true });
    socket.uncork();
  },
});
