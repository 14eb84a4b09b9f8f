/** What a certificate's holder is in its cluster. `control`: the control plane itself. */
export type MemberRole = 'hub' | 'node' | 'control';

export interface MemberIdentity {
  readonly clusterId: string;
  readonly role: MemberRole;
  /** The hub's or node's id; for `control` the process's own. */
  readonly memberId: string;
}

const PATTERN = /^rookery:\/\/([\w-]{1,100})\/(hub|node|control)\/([\w-]{1,100})$/;

/** The one name in a member's certificate: a URI in subjectAltName (RFC 5280 §4.2.1.6). */
export const identityUri = ({ clusterId, role, memberId }: MemberIdentity): string =>
  `rookery://${clusterId}/${role}/${memberId}`;

export function parseIdentityUri(uri: string): MemberIdentity | undefined {
  const [, clusterId, role, memberId] = PATTERN.exec(uri) ?? [];
  return clusterId && memberId ? { clusterId, role: role as MemberRole, memberId } : undefined;
}

/** By this name a door of the control plane knows which cluster's certificate to show (SNI takes no URI). */
export const serverNameOf = (clusterId: string): string => `${clusterId}.cluster.rookery`;

export const clusterOfServerName = (serverName: string): string | undefined =>
  /^([\w-]{1,63})\.cluster\.rookery$/.exec(serverName)?.[1];
