import { ownVolumes } from '../../src/policy/own-volumes';

/** Of a worker in a container, as the kernel writes it. */
const inContainer = [
  '1082 981 0:198 / / ro,relatime master:390 - overlay overlay ro,lowerdir=/var/lib/docker/overlay2/l/A',
  '1083 1082 0:201 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw',
  '1090 1082 8:1 /var/lib/docker/volumes/deploy-code_worker/_data ' +
    '/var/lib/deploy-code rw,relatime master:1 - ext4 /dev/sda1 rw',
  '1091 1082 0:25 /docker.sock /run/docker.sock rw,nosuid,nodev - tmpfs tmpfs rw,size=800k',
  '1092 1082 8:1 /var/lib/docker/volumes/other/_data /srv/other rw,relatime master:1 - ext4 /dev/sda1 rw',
  '',
].join('\n');

describe('the volumes of the data folder', () => {
  it('are those that the kernel says are mounted there', () => {
    expect(ownVolumes('/var/lib/deploy-code', inContainer)).toEqual(['deploy-code_worker']);
    expect(ownVolumes('/var/lib/deploy-code/engine', inContainer)).toEqual(['deploy-code_worker']);
    expect(ownVolumes('/var/lib/deploy-codes', inContainer)).toEqual([]);
  });

  it('are found on a disk of their own, and below the folder', () => {
    const disk = '1090 1082 8:2 /volumes/engine/_data /data\\040dir rw,relatime master:1 - ext4 /dev/sdb1 rw';
    const part = '1091 1082 8:2 /volumes/trail/_data/sub /data\\040dir/audit rw,relatime master:1 - ext4 /dev/sdb1 rw';
    expect(ownVolumes('/data dir', [disk, part].join('\n'))).toEqual(['engine', 'trail']);
  });

  it('count what is mounted last where mounts cover each other', () => {
    const covering = '1099 1082 8:1 /var/lib/docker/volumes/newer/_data /var/lib/deploy-code rw - ext4 /dev/sda1 rw';
    expect(ownVolumes('/var/lib/deploy-code/x', `${inContainer}${covering}`)).toEqual(['newer']);
  });

  it('are none on a host', () => {
    expect(ownVolumes('/var/lib/deploy-code', '27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n')).toEqual([]);
    expect(ownVolumes('/var/lib/deploy-code', '')).toEqual([]);
  });
});
