import fc from 'fast-check';
import { countConnections, routeScript } from '../../src/balancer/scripts';
import { leadsOf, sameTable, tableOf } from '../../src/balancer/tables';

const addresses = fc.uniqueArray(
  fc.integer({ min: 1, max: 99 }).map((number) => `web-${number}:8080`),
  { minLength: 1, maxLength: 30 },
);

describe('a route table', () => {
  it('always adds up to a hundred, as even as whole per cent can be', () => {
    fc.assert(
      fc.property(addresses, addresses, fc.integer({ min: 1, max: 99 }), (next, old, weight) => {
        const { targets } = tableOf('web', [
          { addresses: next, weight },
          { addresses: old, weight: 100 - weight },
        ]);
        expect(targets.reduce((sum, target) => sum + target.weight, 0)).toBe(100);
        const shares = tableOf('web', [{ addresses: next, weight: 100 }]).targets.map((target) => target.weight);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('leads every bucket to a target by its weight, with another one to fall back to', () => {
    fc.assert(
      fc.property(addresses, (all) => {
        const table = tableOf('web', [{ addresses: all, weight: 100 }]);
        const leads = leadsOf(table);
        expect(leads).toHaveLength(100);
        for (const { address, weight } of table.targets)
          expect(leads.filter(({ target }) => target === address)).toHaveLength(weight);
        for (const { target, fallback } of leads) expect(fallback).not.toBe(target);
        expect(leads.every(({ fallback }) => (all.length > 1 ? all.includes(fallback) : fallback === 'none'))).toBe(
          true,
        );
      }),
    );
  });

  it('without targets leads nowhere', () => {
    expect(
      leadsOf({ route: 'web', targets: [] }).every(({ target, fallback }) => target === 'none' && fallback === 'none'),
    ).toBe(true);
  });

  it('is the same whatever the order of its instances', () => {
    const one = tableOf('web', [{ addresses: ['a:1', 'b:1', 'c:1'], weight: 100 }]);
    expect(sameTable(one, tableOf('web', [{ addresses: ['c:1', 'a:1', 'b:1'], weight: 100 }]))).toBe(true);
    expect(sameTable(one, tableOf('web', [{ addresses: ['c:1', 'a:1'], weight: 100 }]))).toBe(false);
  });

  it('fits on one command line at its largest', () => {
    const names = Array.from(
      { length: 100 },
      (_, index) => `${'s'.repeat(40)}-${'e'.repeat(40)}-${'w'.repeat(40)}-${index}-d100000:65535`,
    );
    expect(routeScript(tableOf('web', [{ addresses: names, weight: 100 }])).length).toBeLessThan(128 * 1024);
  });
});

describe('open requests', () => {
  const sockets = [
    '  sl  local_address rem_address   st tx_queue rx_queue',
    '   0: 040012AC:8D2A 030012AC:1F90 01 00000000:00000000',
    '   1: 040012AC:8D2B 030012AC:1F90 06 00000000:00000000',
    '   2: 040012AC:8D2C 050012AC:1F90 01 00000000:00000000',
    '   3: 00000000:0050 00000000:0000 0A 00000000:00000000',
  ].join('\n');

  it('are the connections that stand to an instance', () => {
    expect(countConnections(`web-1 172.18.0.3 STREAM web-1\n\n${sockets}`, ['web-1:8080'])).toBe(1);
    expect(
      countConnections(`web-1 172.18.0.3 STREAM\nweb-2 172.18.0.5 STREAM\n\n${sockets}`, ['web-1:8080', 'web-2:8080']),
    ).toBe(2);
    expect(countConnections(`web-3 \n\n${sockets}`, ['web-3:8080'])).toBe(0);
  });
});
