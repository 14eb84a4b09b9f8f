import * as move from './move.ts';
import { pageOf } from './page.ts';
import { route } from './route.ts';

/** Accounts on their way between the volumes of a cluster. */
export const MOVE_ROUTES = {
  listMoves: route({
    id: 'listMoves',
    method: 'GET',
    path: '/clusters/{cluster}/moves',
    tag: 'Moves',
    summary: 'Accounts on their way between volumes, newest first',
    scope: 'operator',
    query: move.MoveQuery,
    status: 200,
    response: pageOf(move.Move),
    errors: ['cluster_not_found', 'account_not_found'],
  }),
  createMove: route({
    id: 'createMove',
    method: 'POST',
    path: '/moves',
    tag: 'Moves',
    summary: 'Have an account moved to another volume while it is in use',
    scope: 'operator',
    body: move.CreateMove,
    status: 202,
    response: move.Move,
    errors: ['account_not_found', 'volume_not_found', 'conflict'],
  }),
  showMove: route({
    id: 'showMove',
    method: 'GET',
    path: '/clusters/{cluster}/moves/{move}',
    tag: 'Moves',
    summary: 'One move and how far it is',
    scope: 'operator',
    status: 200,
    response: move.Move,
    errors: ['cluster_not_found', 'move_not_found'],
  }),
  cancelMove: route({
    id: 'cancelMove',
    method: 'POST',
    path: '/clusters/{cluster}/moves/{move}/cancel',
    tag: 'Moves',
    summary: 'Leave the account where it is; too late once the last of it is moving',
    scope: 'operator',
    status: 202,
    response: move.Move,
    errors: ['cluster_not_found', 'move_not_found', 'conflict'],
  }),
} as const;
