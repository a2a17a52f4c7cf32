import { requireServices } from '../../src/cli/commands/schedule';
import { BadRequest } from '../../src/temporal/errors';
import { stackOf } from '../support/stack';

describe('a schedule that a command creates', () => {
  const stack = stackOf({
    name: 'shop',
    environment: 'test',
    services: { api: { image: 'api:1' }, clean: { image: 'clean:1', kind: 'job' } },
  });

  it('is for jobs and services that the stack file has', () => {
    for (const options of [{}, { job: 'clean' }, { services: ['api'] }])
      expect(() => requireServices(stack, options)).not.toThrow();
    const missing = new BadRequest('there is no service "nope"; available: api, clean');
    expect(() => requireServices(stack, { job: 'nope' })).toThrow(missing);
    expect(() => requireServices(stack, { services: ['api', 'nope'] })).toThrow(missing);
    expect(() => requireServices(stack, { job: 'api' })).toThrow(
      new BadRequest('api is a service, and only jobs can be run; to restart it, use --services api'),
    );
  });
});
