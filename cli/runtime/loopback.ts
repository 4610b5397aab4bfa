import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** @param rest what came in place of the `*` */
export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  rest: string,
) => Promise<void> | void;

/** A web server that only this machine reaches, under an address that cannot be guessed. */
export interface Loopback {
  /** `http://127.0.0.1:<port>/<secret>/` */
  readonly url: string;
  /** What `<url><path>` answers (`<folder>/*`: everything in a folder); undefined takes it away. */
  serve(path: string, handler: Handler | undefined): void;
  close(): Promise<void>;
}

export async function openLoopback(): Promise<Loopback> {
  const secret = randomBytes(16).toString('hex');
  const handlers = new Map<string, Handler>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const [, key, folder, rest] = /^\/([^/]*)\/([^/]+\/)?(.*)$/.exec(path) ?? [];
    const handler = key === secret ? handlers.get(folder ? `${folder}*` : rest) : undefined;
    if (!handler) {
      response.writeHead(404).end();
      return;
    }
    const handled = async () => handler(request, response, rest);
    handled().catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/${secret}/`,
    serve(path, handler) {
      if (handler) handlers.set(path, handler);
      else handlers.delete(path);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with bytes as they are, without a copy. */
export function answer(response: ServerResponse, type: string, body: Uint8Array | string): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(200, {
    'content-type': type,
    'content-length': bytes.byteLength,
    'cache-control': 'no-store',
  });
  response.end(bytes);
}

/** The whole body of a request; throws if it was cut off. */
export async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const expected = Number(request.headers['content-length'] ?? -1);
  const body = new Uint8Array(Math.max(0, expected));
  let at = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (at + chunk.length > body.length) throw new Error('a request is longer than it declared');
    body.set(chunk, at);
    at += chunk.length;
  }
  if (at !== expected) throw new Error(`a request of ${at} bytes declared ${expected}`);
  return body;
}
