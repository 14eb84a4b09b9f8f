import { z } from 'zod';
import * as member from './member.ts';
import { route } from './route.ts';

/** How hubs and nodes become members. */
export const MEMBER_ROUTES = {
  listJoinTokens: route({
    id: 'listJoinTokens',
    method: 'GET',
    path: '/clusters/{cluster}/join-tokens',
    tag: 'Join tokens',
    summary: 'Join tokens, newest first, without their secrets',
    scope: 'operator',
    status: 200,
    response: z.object({ items: z.array(member.JoinTokenRecord) }),
    errors: ['cluster_not_found'],
  }),
  createJoinToken: route({
    id: 'createJoinToken',
    method: 'POST',
    path: '/clusters/{cluster}/join-tokens',
    tag: 'Join tokens',
    summary: 'Open the join door to one new hub or node',
    scope: 'operator',
    body: member.CreateJoinToken,
    status: 201,
    response: member.JoinToken,
    errors: ['spend_cap_reached', 'cluster_not_found'],
  }),
  deleteJoinToken: route({
    id: 'deleteJoinToken',
    method: 'DELETE',
    path: '/clusters/{cluster}/join-tokens/{joinToken}',
    tag: 'Join tokens',
    summary: 'Take a join token back',
    scope: 'operator',
    status: 204,
    errors: ['cluster_not_found', 'join_token_not_found'],
  }),
} as const;
