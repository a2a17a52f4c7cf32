import { LogSelection } from '../../src/cli/commands/views/log-selection';
import { BadRequest } from '../../src/temporal/errors';
import { stackOf } from '../support/stack';

describe('the instances that `logs` shows', () => {
  const stack = stackOf({
    name: 'shop',
    environment: 'test',
    services: { tick: { image: 'tick:1', replicas: 2 }, 'web-1': { image: 'web:1' } },
  });
  const log = (service: string, ordinal: number) => ({ name: `shop-test-${service}-${ordinal}-d3`, service, ordinal });
  const all = [log('tick', 1), log('tick', 2), log('web-1', 1)];
  const shown = (...words: string[]) => new LogSelection(stack, words).of(all).map(({ name }) => name);

  it('are all, those of services, or those with the names that `ps` and Docker print', () => {
    expect(shown()).toHaveLength(3);
    expect(shown('tick')).toEqual(['shop-test-tick-1-d3', 'shop-test-tick-2-d3']);
    expect(shown('tick-2')).toEqual(['shop-test-tick-2-d3']);
    expect(shown('web-1')).toEqual(['shop-test-web-1-1-d3']);
    expect(shown('web-1-1', 'shop-test-tick-1-d3')).toEqual(['shop-test-tick-1-d3', 'shop-test-web-1-1-d3']);
    expect(new LogSelection(stack, ['tick-2', 'tick', 'web-1-1']).services).toEqual(['tick', 'web-1']);
  });

  it('are refused where there is no such service or instance', () => {
    const refused = new BadRequest('there is no service "tock-2"; available: tick, web-1');
    expect(() => new LogSelection(stack, ['tock-2'])).toThrow(refused);
    expect(() => new LogSelection(stack, ['tick-2', 'web-1']).requireAll(all)).not.toThrow();
    expect(() => new LogSelection(stack, ['tick-3']).requireAll(all.slice(0, 2))).toThrow(
      new BadRequest('there is no instance "tick-3"; of tick there are tick-1, tick-2'),
    );
    expect(() => new LogSelection(stack, ['tick-1']).requireAll([])).toThrow('of tick there are none');
  });
});
