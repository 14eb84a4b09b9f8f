import { singleAddress } from '../addresses.ts';
import type { CommandDefinition } from '../definition.ts';
import { isRobot } from '../replies/answerable.ts';
import { parseMailto } from '../replies/mailto.ts';

export const notify: CommandDefinition = {
  name: 'notify',
  rfc: 'RFC 5435 §3',
  requires: 'enotify',
  arguments: {
    tags: {
      from: { value: 'string' },
      importance: { value: 'string' },
      options: { value: 'strings' },
      message: { value: 'string' },
    },
    positional: ['string'],
  },
  check({ arguments: args, at }, checking) {
    const [method, importance, from] = [args.string(0), args.tagString('importance'), args.tagString('from')];
    if (typeof method === 'string' && parseMailto(method) === null)
      checking.fail(args.placeOf(0), `not a mailto address: ${JSON.stringify(method)}`);
    if (typeof importance === 'string' && !/^[123]$/.test(importance))
      checking.fail(at, ':importance is "1", "2" or "3"');
    if (typeof from === 'string' && singleAddress(from) === null) checking.fail(at, ':from is not an address');
  },
  run(run, { arguments: args }) {
    const method = parseMailto(run.text(args.string(0)));
    if (!method) return run.fail('not a mailto address');
    // RFC 5436 §2.7.1: nothing is told of what machines sent.
    if (isRobot(run.header)) return 'next';
    const from = args.tagString('from');
    const message = args.tagString('message');
    const importance = run.text(args.tagString('importance') ?? '2');
    const sender = from === undefined ? null : singleAddress(run.text(from));
    run.add({
      kind: 'notify',
      recipients: method.recipients,
      from: sender,
      importance: importance === '1' ? 1 : importance === '3' ? 3 : 2,
      // RFC 5436 §2.3: a Subject of the URI goes before :message.
      subject: method.subject ?? (message === undefined ? null : run.text(message)),
      body: method.body,
      fields: method.fields,
    });
    return 'next';
  },
};
