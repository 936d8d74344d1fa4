import { Socket } from 'node:net';

/** Somebody who waits: `look` after news, `fail` ends it. */
interface Waiter {
  look(): void;
  fail(error: Error): void;
}

/** `end` rejects the result, unless it has come. */
export interface Wait<T> {
  result: Promise<T | null>;
  end(error: Error): void;
}

/**
 * The descriptor that a session of libbee makes readable when there may be something new. Waiting holds no thread, and
 * the process stays alive only while somebody waits.
 */
export class SessionNews {
  readonly #open: () => number;
  readonly #waiters = new Set<Waiter>();
  #socket: Socket | undefined;

  /** `open` is called once, when somebody waits for the first time. */
  constructor(open: () => number) {
    this.#open = open;
  }

  /** Calls `attempt` now and after each news until it returns something; the result is null after `timeoutMs`. */
  wait<T>(attempt: () => T | undefined, timeoutMs?: number): Wait<T> {
    let waiter!: Waiter;
    const result = new Promise<T | null>((resolve, reject) => {
      const timer =
        timeoutMs === undefined ? undefined : setTimeout(() => settle(() => resolve(null)), timeoutMs);
      const settle = (how: () => void): void => {
        clearTimeout(timer);
        this.#remove(waiter);
        how();
      };
      const look = (): void => {
        try {
          const found = attempt();
          if (found !== undefined) settle(() => resolve(found));
        } catch (error) {
          settle(() => reject(error));
        }
      };
      waiter = { look, fail: (error) => settle(() => reject(error)) };
      this.#add(waiter);
    });
    waiter.look();
    return { result, end: waiter.fail };
  }

  /** Rejects every wait in progress. */
  close(error: Error): void {
    for (const waiter of [...this.#waiters]) waiter.fail(error);
    this.#socket?.destroy();
  }

  #add(waiter: Waiter): void {
    this.#socket ??= this.#listen();
    this.#waiters.add(waiter);
    this.#socket.ref();
  }

  #remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (this.#waiters.size === 0) this.#socket?.unref();
  }

  #listen(): Socket {
    const socket = new Socket({ fd: this.#open(), readable: true, writable: false });
    socket.on('error', () => socket.destroy());
    socket.on('data', () => {
      for (const waiter of [...this.#waiters]) waiter.look();
    });
    return socket;
  }
}
