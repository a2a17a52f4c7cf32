import { loadStack } from '../../src/config';
import { sourcesOf } from '../../src/model/stack/secret-sources';
import { problemsIn } from '../support/problems';
import { stackOf, writeStack } from '../support/stack';

const fileOf = (subscriber: object) => ({
  name: 'shop',
  secrets: { token: { environment: 'TOKEN' } },
  services: { web: { image: 'web:1' } },
  subscribers: { ops: subscriber },
});
const problemsOf = (subscriber: object) =>
  problemsIn(() => loadStack({ file: writeStack(fileOf(subscriber)), shell: {} })).map(({ message }) => message);
const source = { environment: 'TOKEN' };
const commit = '6113728f27ae82c7b1a177c8d03f9e96e0adf246';

describe('subscribers of a stack file', () => {
  it('may be a repository at GitHub, which hears of deployments only', () => {
    const { subscribers } = stackOf(fileOf({ github: { repository: 'acme/shop', token: 'token', commit: '${SHA}' } }), {
      SHA: commit,
    });
    expect(subscribers).toEqual([
      {
        name: 'ops',
        events: ['deployment.started', 'deployment.finished'],
        target: {
          kind: 'github',
          url: 'https://api.github.com',
          repository: 'acme/shop',
          token: { name: 'token', source },
          commit,
        },
      },
    ]);
    const empty = stackOf(fileOf({ github: { repository: 'acme/shop', token: 'token', commit: '${SHA:-}' } }));
    expect(empty.subscribers![0]!.target).not.toHaveProperty('commit');
  });

  it('may be mail addresses, with TLS unless the file says otherwise', () => {
    const target = (email: object) =>
      stackOf(fileOf({ email: { host: 'mail.example.com', from: 'a@example.com', to: 'b@example.com', ...email } }))
        .subscribers![0]!.target;
    expect(target({ user: 'engine', password: 'token' })).toEqual({
      kind: 'email',
      url: 'smtp://mail.example.com:587',
      from: 'a@example.com',
      to: ['b@example.com'],
      startTls: true,
      user: 'engine',
      password: { name: 'token', source },
    });
    expect(target({ tls: 'implicit' })).toMatchObject({ url: 'smtps://mail.example.com:465', startTls: false });
    expect(target({ tls: 'none', port: 25 })).toMatchObject({ url: 'smtp://mail.example.com:25', startTls: false });
  });

  it('have sealed credentials as services do', () => {
    const github = stackOf(fileOf({ github: { repository: 'acme/shop', token: 'token' } }));
    expect(sourcesOf(github)).toEqual([source, source]);
  });

  const mail = { host: 'mail.example.com', from: 'a@example.com', to: 'b@example.com' };
  it.each<[object, string]>([
    [{ github: { repository: 'acme/../x', token: 'token' } }, 'write OWNER/NAME'],
    [{ github: { repository: 'acme/..', token: 'token' } }, 'write OWNER/NAME'],
    [{ github: { repository: 'acme/shop', token: 'nowhere' } }, 'the secret "nowhere" is not declared'],
    [{ github: { repository: 'acme/shop', token: 'token', commit: 'main' } }, 'the whole hash of a commit'],
    [{ github: { repository: 'acme/shop', token: 'token' }, events: ['watch.acted'] }, 'github takes no watch.acted'],
    [{ github: { repository: 'a/b', token: 'token' }, email: mail }, 'exactly one of'],
    [{ email: { ...mail, to: 'b@example.com\r\nBcc: c@example.com' } }, 'write an address'],
    [{ email: { ...mail, from: 'Ana <a@example.com>' } }, 'write an address'],
    [{ email: { ...mail, host: 'mail.example.com/x' } }, 'write a host name'],
    [{ email: { ...mail, user: 'engine' } }, 'needs both user and password'],
    [{ email: { ...mail, user: 'engine', password: 'token', tls: 'none' } }, 'would send the password without TLS'],
  ])('refuse %j', (subscriber, message) => {
    expect(problemsOf(subscriber).join('\n')).toContain(message);
  });
});
