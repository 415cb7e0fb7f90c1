import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lendingSocket } from '../../../connectors/jdbc/lending-socket.ts';

const server = createServer();
let accepted: Socket;

beforeEach(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.close();
  await once(server, 'close');
});

/** Connects with memory of four bytes; `read` sends bytes and gives the pieces that come of them. */
async function connected() {
  const { socket, lend } = lendingSocket(4);
  const connection = once(server, 'connection');
  socket.connect((server.address() as AddressInfo).port, '127.0.0.1');
  [accepted] = (await connection) as [Socket];
  const read = async (text: string): Promise<Buffer[]> => {
    const pieces: Buffer[] = [];
    let left = text.length;
    const all = new Promise<void>((resolve) => {
      socket.on('data', (piece: Buffer) => {
        pieces.push(piece);
        left -= piece.length;
        if (left === 0) resolve();
      });
    });
    accepted.write(text);
    await all;
    socket.removeAllListeners('data');
    return pieces;
  };
  return { socket, lend, read };
}

test('pieces stay as they came until memory is lent', async () => {
  const { socket, lend, read } = await connected();
  const pieces = await read('abcdefgh');
  lend();
  const lent = await read('ijklmnop');
  expect(Buffer.concat(pieces).toString()).toBe('abcdefgh');
  expect(lent.map(String)).toEqual(['mnop', 'mnop']);
  socket.destroy();
});

test('the end of what comes is told', async () => {
  const { socket } = await connected();
  const ended = once(socket, 'end');
  socket.on('data', () => undefined);
  accepted.end('bye');
  await ended;
  socket.destroy();
});
