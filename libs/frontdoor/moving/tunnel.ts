import type { Socket } from 'node:net';
import { type Clock, LF } from '#stdx';

/**
 * Passes everything from one socket on to the other, no faster than it takes it; neither is ended. Resolves with how many
 * bytes passed once `from` has ended, or `to` is gone; with `null` when nothing moved for `silenceMsMax`.
 */
export function tunnel(
  from: Socket,
  to: Socket,
  onBytes: (bytes: number) => void,
  clock: Pick<Clock, 'monotonic' | 'every'>,
  silenceMsMax: number,
): Promise<number | null> {
  return new Promise((resolve) => {
    let total = 0;
    let movedAt = clock.monotonic();
    const settle = (): void => {
      watch.cancel();
      from.off('data', onData).off('end', done).off('close', done);
      to.off('drain', onDrain).off('close', done);
    };
    const done = (): void => {
      settle();
      resolve(total);
    };
    const onDrain = (): void => {
      movedAt = clock.monotonic();
      from.resume();
    };
    const onData = (chunk: Buffer): void => {
      total += chunk.length;
      movedAt = clock.monotonic();
      onBytes(chunk.length);
      if (!to.write(chunk)) from.pause();
    };
    const watch = clock.every(1_000, () => {
      if (clock.monotonic() - movedAt <= silenceMsMax) return;
      settle();
      resolve(null);
    });
    for (const socket of [from, to]) socket.on('error', () => socket.destroy());
    to.on('drain', onDrain).on('close', done);
    from.on('data', onData).on('end', done).on('close', done).resume();
  });
}

/** The first line that comes; `undefined` when the connection ends, the line is too long or `timeoutMs` passes first. */
export function readLine(
  socket: Socket,
  bytesMax: number,
  clock: Pick<Clock, 'after'>,
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0);
    const timer = clock.after(timeoutMs, () => settle(undefined));
    const settle = (line: string | undefined): void => {
      timer.cancel();
      socket.off('data', onData).off('close', onEnd).off('end', onEnd);
      resolve(line);
    };
    const onEnd = (): void => settle(undefined);
    const onData = (chunk: Buffer): void => {
      received = received.length > 0 ? Buffer.concat([received, chunk]) : chunk;
      const end = received.indexOf(LF);
      if (end >= 0) settle(received.toString('utf8', 0, end));
      else if (received.length > bytesMax) settle(undefined);
    };
    socket.on('error', () => socket.destroy());
    socket.on('data', onData).on('close', onEnd).on('end', onEnd).resume();
    // One that is closed already says so no more.
    if (socket.closed) onEnd();
  });
}
