import { ChannelKey } from '../../src/guard/sealed-channel';

describe('a sealed channel', () => {
  const both = () => {
    const [client, worker] = [new ChannelKey(), new ChannelKey()];
    return { client: client.channel('client', worker.publicKey), worker: worker.channel('worker', client.publicKey) };
  };

  it('opens on the other side what one side has sealed, and shows nothing of it between', () => {
    const { client, worker } = both();
    for (const text of ['first', '', 'größer']) {
      const sealed = client.seal(Buffer.from(text));
      expect(worker.open(sealed).toString()).toBe(text);
    }
    expect(client.open(worker.seal(Buffer.from('back'))).toString()).toBe('back');
    expect(client.seal(Buffer.from('secret'))).not.toContain(Buffer.from('secret').toString('base64').slice(0, 6));
  });

  it('refuses messages that are changed, repeated, left out or from its own side', () => {
    const { client, worker } = both();
    const [first, second] = [client.seal(Buffer.from('1')), client.seal(Buffer.from('2'))];
    expect(() => worker.open(second)).toThrow();
    const again = both();
    const message = again.client.seal(Buffer.from('1'));
    again.worker.open(message);
    expect(() => again.worker.open(message)).toThrow();
    expect(() => again.client.open(again.client.seal(Buffer.from('1')))).toThrow();
    expect(() => both().worker.open(first)).toThrow();
    expect(() => both().worker.open('')).toThrow();
    expect(() => new ChannelKey().channel('client', 'no key')).toThrow();
  });
});
