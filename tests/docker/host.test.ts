import { parseSockets } from '../../src/runtimes/host-sockets';
import { routedNetworks } from '../../src/runtimes/host';

describe('the tables of the kernel', () => {
  it('tell which sockets listen, and at which address', () => {
    const ipv4 = [
      '  sl  local_address rem_address   st tx_queue rx_queue',
      '   0: 0100007F:0050 00000000:0000 0A 00000000:00000000',
      '   1: 00000000:1F90 00000000:0000 0A 00000000:00000000',
      '   2: 0100007F:9C40 0100007F:0050 01 00000000:00000000',
    ].join('\n');
    const ipv6 = [
      '  sl  local_address remote_address st',
      '   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A',
      '   1: 00000000000000000000000000000000:0051 00000000000000000000000000000000:0000 0A',
      '   2: 0000000000000000FFFF00000200007F:0052 00000000000000000000000000000000:0000 0A',
    ].join('\n');
    expect(parseSockets(ipv4)).toEqual([{ port: 80, address: '127.0.0.1' }, { port: 8080 }]);
    expect(parseSockets(ipv6)).toEqual([
      { port: 80, address: '::1' },
      { port: 81 },
      { port: 82, address: '127.0.0.2' },
    ]);
  });

  it('tell which networks are routed elsewhere: neither the default route nor bridges of containers', () => {
    const routes = [
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
      'eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'vpn0\t00C82B0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
      'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
    ].join('\n');
    expect(routedNetworks(routes)).toEqual([
      { name: 'route 10.43.200.0/24', cidr: '10.43.200.0/24', ours: false, owner: "the host's route to it by vpn0" },
    ]);
  });
});
