import type { Binding } from '../../src/model/access';
import { newApiToken } from '../../src/guard/access/api-token';
import { AccessWorld, host, serverOf } from '../support/people';

describe('roles that the access file declares', () => {
  const root: Binding = { subject: 'user:root', role: 'admin', scope: '*' };

  it('count besides those that were given, are listed as declared, and can be changed in the file only', async () => {
    const world = new AccessWorld();
    const declared = { bindings: [root] };
    const app = await serverOf(world, declared);
    const { id, digest, text } = newApiToken();
    world.state.tokens[id] = { subject: 'user:root', digest, by: 'ana', at: 0 };
    const call = (method: 'GET' | 'PUT' | 'DELETE', query = '', payload?: object) =>
      app.inject({
        method,
        url: `/api/v1/access/roles${query}`,
        headers: { host, authorization: `Bearer ${text}` },
        ...(payload && { payload }),
      });
    expect((await call('GET')).json()).toEqual({ roles: [{ ...root, declared: true }] });
    for (const answer of [
      await call('PUT', '', { ...root, role: 'viewer' }),
      await call('DELETE', '?subject=user:root&scope=*'),
    ])
      expect([answer.statusCode, answer.json()]).toEqual([
        422,
        expect.objectContaining({ detail: 'the access file of the server declares the role of user:root on *' }),
      ]);
    declared.bindings = [];
    expect((await call('GET')).statusCode).toBe(403);
    await app.close();
  });
});
