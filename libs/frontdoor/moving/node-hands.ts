import type { Socket } from 'node:net';
import {
  type AccountHands,
  AccountHandsError,
  type AccountMove,
  type AccountStand,
  type AccountStep,
  type CopyCursor,
  type MovingAccount,
} from '#cluster/api';
import {
  decodeRpcReply,
  encodeRpcLine,
  type Preface,
  RPC_LINE_BYTES_MAX,
  type RpcReply,
  readTransferEnd,
  type TransferPreface,
} from '#protocol/handover';
import type { Clock, Random } from '#stdx';
import { dial, type HubCredentials } from '../routing/dial.ts';
import type { RoutingMap, VolumeOwner } from '../routing/routing-map.ts';
import { readLine, tunnel } from './tunnel.ts';

export interface NodeHandsSettings {
  /** How long a volume may be without an owner before a step is given up. 10,000. */
  readonly ownerWaitMs: number;
  /** How long a node may take to answer a preface or a step. 5,000. */
  readonly answerMs: number;
  /** A copy on which nothing moved for so long is broken off. 30,000. */
  readonly silenceMsMax: number;
}

const DEFAULT_SETTINGS: NodeHandsSettings = {
  ownerWaitMs: 10_000,
  answerMs: 5_000,
  silenceMsMax: 30_000,
};

/** The leader's hands on accounts, through the nodes' data ports. Streams pass through this hub and are not looked into. */
export class NodeHands implements AccountHands {
  constructor(
    private readonly routes: Pick<RoutingMap, 'ownerOf' | 'refresh'>,
    private readonly hub: HubCredentials,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly settings: NodeHandsSettings = DEFAULT_SETTINGS,
  ) {}

  async step(volumeId: string, account: MovingAccount, step: AccountStep, term: number): Promise<AccountStand> {
    const owner = await this.ownerOf(volumeId);
    const { accountId, email, partnerId, quotaBytes } = account;
    const params = { volumeId, epoch: owner.epoch, accountId, email, partnerId, quotaBytes, step, term };
    const socket = await this.open(owner, { kind: 'rpc', ...this.greeting() });
    try {
      socket.write(encodeRpcLine({ id: 1, method: 'moveAccount', params }));
      const line = await this.answer(owner, socket, this.settings.answerMs);
      return standOf(decodeRpcReply(line), `${owner.nodeName}: ${step}`);
    } finally {
      socket.destroy();
    }
  }

  async copy(
    { accountId, fromVolumeId, toVolumeId }: Pick<AccountMove, 'accountId' | 'fromVolumeId' | 'toVolumeId'>,
    since: CopyCursor,
    onBytes: (bytes: number) => void,
  ): Promise<CopyCursor> {
    const [source, target] = [await this.ownerOf(fromVolumeId), await this.ownerOf(toVolumeId)];
    const preface = ({ volumeId, epoch }: VolumeOwner, direction: TransferPreface['direction']): TransferPreface => ({
      ...{ kind: 'transfer', ...this.greeting() },
      ...{ direction, accountId, volumeId, epoch, since },
    });
    const from = await this.open(source, preface(source, 'export'));
    let to: Socket | undefined;
    try {
      to = await this.open(target, preface(target, 'import'));
      const bytes = await tunnel(from, to, onBytes, this.clock, this.settings.silenceMsMax);
      if (bytes === null) throw new AccountHandsError('unreachable', 'nothing moved for too long');
      if (bytes === 0) throw new AccountHandsError('beginAnew', `${source.nodeName} has nothing from there on`);
      to.end();
      const end = readTransferEnd(await this.answer(target, to, this.settings.silenceMsMax));
      if (end?.ok) return end.cursor;
      if (end?.code === 'modified') throw new AccountHandsError('beginAnew', end.text);
      throw new AccountHandsError(
        end?.code === 'corrupt' ? 'unreachable' : 'refused',
        end?.text ?? 'unreadable answer',
      );
    } finally {
      from.destroy();
      to?.destroy();
    }
  }

  private greeting(): { readonly hub: string; readonly issuedAt: number; readonly nonce: string } {
    return { hub: this.hub.name, issuedAt: this.clock.now(), nonce: this.random.bytes(12).toString('base64url') };
  }

  private async ownerOf(volumeId: string): Promise<VolumeOwner> {
    const owner = await this.routes.ownerOf(volumeId, this.settings.ownerWaitMs);
    if (!owner) throw new AccountHandsError('unreachable', `volume ${volumeId} has no owner`);
    return owner;
  }

  private async open(owner: VolumeOwner, preface: Preface): Promise<Socket> {
    const { hub, clock, settings } = this;
    const opened = await dial(hub, owner, preface, clock, settings.answerMs).catch((error: Error) => {
      throw new AccountHandsError('unreachable', `${owner.nodeName}: ${error.message}`);
    });
    if (opened.reply.ok) return opened.socket;
    void this.routes.refresh();
    throw new AccountHandsError('unreachable', `${owner.nodeName} says ${opened.reply.code}: ${opened.reply.text}`);
  }

  private async answer({ nodeName }: VolumeOwner, socket: Socket, timeoutMs: number): Promise<string> {
    const line = await readLine(socket, RPC_LINE_BYTES_MAX, this.clock, timeoutMs);
    if (line === undefined) throw new AccountHandsError('unreachable', `${nodeName} did not answer`);
    return line;
  }
}

function standOf(reply: RpcReply | undefined, what: string): AccountStand {
  if (reply && 'result' in reply) return reply.result as AccountStand;
  const { code, text } = reply?.error ?? { code: 'FAILED', text: 'unreadable answer' };
  throw new AccountHandsError(code === 'STALE' ? 'unreachable' : 'refused', `${what}: ${code} ${text}`);
}
