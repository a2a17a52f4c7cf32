import { stackOf } from '../support/stack';

const written = [
  '1.10',
  '0123',
  '0o17',
  '0x1F',
  '1e3',
  '1234e5',
  '12345678901234567890',
  '1_000',
  '-0',
  '+1',
  '.5',
  '5.',
  '.inf',
  '.NaN',
  'True',
  'FALSE',
  'on',
  'no',
  '22:22',
  '2024-01-02',
  '7',
  '-7',
  '2.5',
  'true',
];
const head = 'name: shop\nservices:\n  app:\n    image: x\n';

describe('what YAML takes for a number', () => {
  it.each(['1', '1.10', '1.5', '"1.0"'])('may be the version of a file: %s', (version) => {
    expect(stackOf(`version: ${version}\n${head}`).version).toBe(version.replaceAll('"', ''));
  });

  it('reaches variables and labels as it is written', () => {
    const lines = written.map((text, index) => `      K${index}: ${text}\n`).join('');
    const expected = Object.fromEntries(written.map((text, index) => [`K${index}`, text]));
    expect(stackOf(`${head}    environment:\n${lines}    labels:\n${lines}`).services.app).toMatchObject({
      variables: expected,
      labels: expected,
    });
    expect(
      stackOf(
        `x-values: &values\n${lines.replaceAll('      ', '  ')}${head}    ` +
          'environment: {<<: *values, OWN: 0.10}\n    labels: *values\n',
      ).services.app,
    ).toMatchObject({ variables: { ...expected, OWN: '0.10' }, labels: expected });
  });

  it('reaches commands, options and keys as it is written', () => {
    const service = stackOf(
      `${head}    command: [app, 1.10, 0123, 1e3, 9]\n    environment: {1.10: ` +
        'a, 0123: b}\n    health_check: {command: [check, 1.0]}\n',
    ).services.app!;
    expect(service.command).toEqual(['app', '1.10', '0123', '1e3', '9']);
    expect(service.variables).toEqual({ '1.10': 'a', '0123': 'b' });
    expect(service.healthCheck).toMatchObject({ probe: { command: ['check', '1.0'] } });
  });

  it('is a number where one is wanted, from a variable too', () => {
    const text =
      `${head}    replicas: 2.0\n    stop_grace_period: 1.50\n    resources: ` +
      '{limit: {cpus: 0.50, memory: 1e9}}\n    init: True\n';
    const expected = { replicas: 2, stopGraceMs: 1500, limit: { cpus: 0.5, memory: 1e9 } };
    expect(stackOf(text).services.app).toMatchObject(expected);
    expect(
      stackOf(
        text.replace('2.0', '"${N}"').replace('1.50', '"${S}"').replace('1e9', '"${M}"').replace('True', '"${I}"'),
        { N: '2', S: '1.5', M: '1e9', I: 'TRUE' },
      ).services.app,
    ).toMatchObject(expected);
  });

  it.each(['0123', '1e400', '.inf', '.nan', 'e5', '1,000'])(
    'is refused where a number is wanted and %s stands',
    (text) => {
      expect(() => stackOf(`${head}    replicas: ${text}\n`)).toThrow('5:5 services.app.replicas');
    },
  );
});
