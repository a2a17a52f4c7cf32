import { isSurrounding } from '../../src/guard/addresses';

describe('addresses of the surroundings of a machine', () => {
  it.each([
    ['link-local', '169.254.169.254'],
    ['link-local over IPv6', 'fe80::1%eth0'],
    ['the metadata service of AWS over IPv6', 'fd00:ec2::254'],
    ['the metadata service of Google over IPv6', '[fd20:ce:0::254]'],
    ['the metadata service of Azure', '168.63.129.16'],
    ['an IPv4-mapped address', '::ffff:169.254.169.254'],
    ['an IPv4-mapped address in hexadecimal', '::ffff:a83f:8110'],
    ['an IPv4-compatible address', '::169.254.169.254'],
    ['an IPv4-translated address', '::ffff:0:169.254.169.254'],
    ['NAT64', '64:ff9b::169.254.169.254'],
    ['NAT64 to Azure', '64:ff9b::a83f:8110'],
    ["NAT64 with a network's own prefix", '64:ff9b:1::169.254.169.254'],
    ['6to4', '2002:a9fe:a9fe::1'],
    ['6to4 to Alibaba', '2002:6464:64c8::'],
  ])('are known: %s (%s)', (_, address) => {
    expect(isSurrounding(address)).toBe(true);
  });

  it.each([
    '127.0.0.1',
    '::1',
    '10.0.0.1',
    '93.184.216.34',
    '64:ff9b::8.8.8.8',
    '2002:808:808::1',
    '2001:db8::a9fe:a9fe',
    'fd20:ce::253',
    'example.com',
    '',
  ])('are not mixed up with %s', (address) => expect(isSurrounding(address)).toBe(false));
});
