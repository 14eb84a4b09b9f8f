import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#embedded';

export interface Middle {
  readonly port: number;
  readonly pid: number;
  stop(): void;
}

const MODULES = '/usr/lib/nginx/modules';
const hasModule = (name: string): boolean =>
  spawnSync('nginx', ['-v']).error === undefined && existsSync(`${MODULES}/ngx_${name}_module.so`);
export const hasNginxStream = hasModule('stream');
export const hasNginxMail = hasModule('mail');

/** One process, no master: its CPU time and memory are all there is. `connections` of them at once are two each. */
async function start(module: string, settings: string, port: number, connections: number): Promise<Middle> {
  const directory = mkdtempSync(join(tmpdir(), 'rookery-nginx-'));
  writeFileSync(
    join(directory, 'nginx.conf'),
    `load_module ${MODULES}/ngx_${module}_module.so; daemon off; master_process off; pid ${directory}/pid;
error_log ${directory}/log; worker_rlimit_nofile 65536; events { worker_connections ${connections * 2 + 64}; }\n${settings}\n`,
  );
  const child: ChildProcess = spawn('nginx', ['-c', join(directory, 'nginx.conf'), '-p', directory], {
    stdio: 'ignore',
  });
  for (let tries = 0; !(await opens(port)); tries++) {
    if (tries > 100) throw new Error(`nginx did not start: ${readFileSync(join(directory, 'log'), 'utf8')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const stop = (): void => {
    child.kill();
    rmSync(directory, { recursive: true, force: true });
  };
  return { port, pid: child.pid!, stop };
}

function opens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise<boolean>((resolve) =>
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false)),
  ).finally(() => socket.destroy());
}

/** nginx's stream module; `tls`: to a target under TLS, as a hub's legs are, session reuse and all. */
export async function nginxStream(target: number, tls: boolean): Promise<Middle> {
  const port = await freePort();
  const secure = tls ? 'proxy_ssl on; proxy_ssl_protocols TLSv1.3;' : '';
  return start(
    'stream',
    `stream { server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${target}; proxy_buffer_size 64k; tcp_nodelay on; ${secure} } }`,
    port,
    64,
  );
}

/** nginx's mail module, which signs in as a hub does and speaks to its servers in the clear; `tlsFiles`: PEM for clients under TLS. */
export async function nginxMail(
  target: number,
  connections: number,
  tlsFiles?: { readonly certificate: string; readonly key: string },
): Promise<Middle> {
  const answer = { 'Auth-Status': 'OK', 'Auth-Server': '127.0.0.1', 'Auth-Port': String(target) };
  const authority = createServer((_request, response) => response.writeHead(200, answer).end());
  await new Promise<void>((resolve) => authority.listen(0, '127.0.0.1', resolve));
  const port = await freePort();
  const secure = tlsFiles ? `ssl_certificate ${tlsFiles.certificate}; ssl_certificate_key ${tlsFiles.key};` : '';
  const proxy = await start(
    'mail',
    `mail { auth_http 127.0.0.1:${(authority.address() as AddressInfo).port}/; imap_capabilities IMAP4rev1; ${secure}
server { listen 127.0.0.1:${port}${tlsFiles ? ' ssl' : ''}; protocol imap; timeout 1h; proxy_timeout 1h; } }`,
    port,
    connections,
  );
  return {
    ...proxy,
    stop() {
      proxy.stop();
      authority.close();
    },
  };
}
