import type { Socket } from 'node:net';
import type { Endpoint } from '#cluster/api';
import {
  decodePrefaceReply,
  decodeRpcReply,
  encodePreface,
  encodeRpcLine,
  RPC_LINE_BYTES_MAX,
  type RpcErrorCode,
  type RpcMethod,
  type RpcMethods,
  type RpcRequest,
} from '#protocol/handover';
import { type Clock, err, ok, type Random, type Result } from '#stdx';
import type { ClusterTrusts } from '../members/cluster-trusts.ts';

/** A node and the key of its cluster. */
export interface RpcTarget {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly data: Endpoint;
  readonly key: Uint8Array;
}

/** `SILENT`: no answer in time, or none that could be read. */
export type RpcFailure = RpcErrorCode | 'SILENT';
export type RpcAnswer<Method extends RpcMethod> = Result<RpcMethods[Method]['result'], RpcFailure>;

/** Asks nodes over their data port, a connection a call. */
export class NodeRpc {
  constructor(
    private readonly trusts: ClusterTrusts,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly timeoutMs: number,
  ) {}

  async ask<Method extends RpcMethod>(
    target: RpcTarget,
    method: Method,
    params: RpcMethods[Method]['params'],
  ): Promise<RpcAnswer<Method>> {
    const [answer] = await this.askAll(target, method, [params]);
    return answer ?? err('SILENT');
  }

  /** The same question about several things, in one connection; answers in the order of `params`. Never rejects. */
  async askAll<Method extends RpcMethod>(
    target: RpcTarget,
    method: Method,
    params: readonly RpcMethods[Method]['params'][],
  ): Promise<RpcAnswer<Method>[]> {
    const { trust } = await this.trusts.of(target.clusterId);
    const answers: RpcAnswer<Method>[] = params.map(() => err('SILENT'));
    const requests = params.map((one, id) => encodeRpcLine({ id, method, params: one } as RpcRequest));
    const nonce = this.random.uuid();
    const preface = encodePreface({ kind: 'rpc', hub: 'api', issuedAt: this.clock.now(), nonce }, target.key);
    const socket = trust.connect({ role: 'node', memberId: target.nodeId, ...target.data });
    const { promise, resolve } = Promise.withResolvers<RpcAnswer<Method>[]>();
    const finish = (): void => {
      timer.cancel();
      socket.destroy();
      resolve(answers);
    };
    const timer = this.clock.after(this.timeoutMs, finish);
    let waiting = params.length;
    let greeted = false;
    eachLine(socket, (line) => {
      if (!greeted) {
        greeted = true;
        const reply = decodePrefaceReply(line);
        if (reply.ok) socket.write(requests.join(''));
        else finish();
        return;
      }
      const reply = decodeRpcReply(line);
      if (!reply || answers[reply.id] === undefined) return finish();
      answers[reply.id] = 'error' in reply ? err(reply.error.code) : ok(reply.result as RpcMethods[Method]['result']);
      if (--waiting === 0) finish();
    });
    socket.on('error', finish).on('close', finish);
    socket.once('secureConnect', () => socket.write(preface));
    return promise;
  }
}

/** Cuts what arrives into lines; a line too long ends the connection. */
function eachLine(socket: Socket, take: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line.replace(/\r$/, ''));
    if (rest.length > RPC_LINE_BYTES_MAX) socket.destroy();
  });
}
