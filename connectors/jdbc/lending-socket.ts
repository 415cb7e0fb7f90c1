import { Socket } from 'node:net';

export interface LendingSocket {
  readonly socket: Socket;
  /** From now on a piece is valid only while its listeners run. */
  lend(): void;
}

/**
 * Reads always into the same memory: with new memory for each piece the garbage collector is kept at work. Until it lends
 * that, `data` has copies, since listeners may keep what they get.
 *
 * @param size bytes that are read at once
 * @see https://nodejs.org/api/net.html#new-netsocketoptions `onread`
 */
export function lendingSocket(size: number): LendingSocket {
  let lends = false;
  const socket: Socket = new Socket({
    onread: {
      buffer: Buffer.allocUnsafeSlow(size),
      callback(length, memory) {
        const piece = Buffer.from(memory.buffer, memory.byteOffset, length);
        socket.emit('data', lends ? piece : Buffer.from(piece));
        return true;
      },
    },
  });
  return {
    socket,
    lend() {
      lends = true;
    },
  };
}
