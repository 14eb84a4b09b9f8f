import { type SmtpIdentity, type SmtpPeer, type SmtpTls, transmissionType } from '#protocol/smtp';
import type { SmtpMode } from './settings.ts';

/** The session's own, writable view of its peer. */
export class PeerState implements SmtpPeer {
  helo = '';
  /** EHLO or LHLO was used, not HELO. */
  extended = false;
  tls: SmtpTls | null = null;
  identity: SmtpIdentity | null = null;
  /** The open transaction's MAIL carried SMTPUTF8. */
  smtputf8 = false;
  readonly sessionId: string;
  readonly address: string;
  readonly port: number;

  constructor(
    peer: { readonly sessionId: string; readonly address: string; readonly port: number },
    private readonly mode: SmtpMode,
  ) {
    this.sessionId = peer.sessionId;
    this.address = peer.address;
    this.port = peer.port;
  }

  get transmission(): string {
    return transmissionType({
      protocol: this.mode === 'lmtp' ? 'lmtp' : this.extended ? 'esmtp' : 'smtp',
      tls: this.tls !== null,
      authenticated: this.identity !== null,
      smtputf8: this.smtputf8,
    });
  }
}
