import { describeStacks } from '../support/compose-stacks';
import { docker } from '../support/docker-world';
import { until } from '../support/until';

describeStacks('more Compose files of the shapes that people have', 'compose-stacks-full', (deployed, remove) => {
  it('WordPress with MySQL', async () => {
    const stack = await deployed('wordpress', 'wordpress:latest', 'mysql:8.0');
    expect(await stack.get(18_180, '/healthz')).toBe('ok\n');
    expect(await stack.in('wordpress', 'wget -q -O - http://db:3306/version')).toBe('1\n');
    expect(await stack.variables('db')).toMatchObject({
      MYSQL_RANDOM_ROOT_PASSWORD: '1',
      MYSQL_PASSWORD: 'examplepass',
    });
    await stack.in('db', 'echo kept > /var/lib/mysql/mark');
    expect(await stack.run('stop')).toMatchObject({ code: 0 });
    expect(await stack.run('up')).toMatchObject({ code: 0 });
    expect(await stack.in('db', 'cat /var/lib/mysql/mark')).toBe('kept\n');
  });

  it('authentik with its worker, PostgreSQL and Redis', async () => {
    const stack = await deployed('authentik', 'ghcr.io/goauthentik/server:2024.2.2');
    expect(await stack.get(18_183, '/healthz')).toBe('ok\n');
    const server = await stack.inspect('server');
    expect(server.Args).toEqual(['server']);
    expect(Object.keys(server.HostConfig.PortBindings as object)).toEqual(['9000/tcp', '9443/tcp']);
    expect(await stack.variables('worker')).toMatchObject({
      AUTHENTIK_POSTGRESQL__PASSWORD: 'pg-pass-8126/+=',
      AUTHENTIK_SECRET_KEY: 'secret-key-8127',
      AUTHENTIK_ERROR_REPORTING__ENABLED: 'true',
    });
    await stack.in('server', 'echo shared > /media/mark');
    expect(await stack.in('worker', 'cat /media/mark')).toBe('shared\n');
    expect(await stack.in('redis', 'redis-cli config get save')).toBe('save\n60 1\n');
    expect(await stack.in('postgresql', 'psql -U authentik -d authentik -Atc "select 1"')).toBe('1\n');
  });

  it('Prometheus with Grafana and a node exporter', async () => {
    const stack = await deployed('monitoring', 'prom/node-exporter:latest', 'grafana/grafana-oss:latest');
    await until(async () =>
      (await stack.get(18_185, '/api/v1/targets')).includes('"scrapeUrl":"http://node-exporter:9100/metrics"'),
    );
    expect(await stack.get(18_186, '/version')).toBe('1\n');
    const exporter = await stack.inspect('node-exporter');
    expect(exporter.HostConfig.PidMode).toBe('host');
    expect(exporter.Args.at(-1)).toBe('--collector.filesystem.mount-points-exclude=^/(sys|proc|dev|host|etc)($|/)');
    const prometheus = await stack.inspect('prometheus');
    expect(prometheus.HostConfig.Memory).toBe(512 * 1024 * 1024);
    expect(prometheus.Config.User).toBe('65534:65534');
    expect(await stack.in('grafana', 'cat /etc/grafana/provisioning/datasource.yml')).toBe('apiVersion: 1\n');
    expect((await stack.inspect('grafana')).HostConfig.LogConfig).toEqual({
      Type: 'json-file',
      Config: { 'max-size': '1m', 'max-file': '3' },
    });
  });

  it('a Flask app with a build, and Redis', async () => {
    const stack = await deployed('flask', 'python:3.10-alpine');
    expect(await stack.get(18_187, '/healthz')).toBe('ok\n');
    expect(await stack.variables('web')).toMatchObject({ FLASK_APP: 'app.py', FLASK_DEBUG: 'true' });
    expect(await stack.in('web', 'cat /code/app.py')).toBe('app\n');
    expect(await stack.in('web', 'nc -w 1 redis 6379 < /dev/null && echo reached')).toBe('reached\n');
  });

  it('Traefik with labels, and a network of somebody else', async () => {
    const network = await docker.createNetwork({ Name: 'proxy' });
    try {
      const stack = await deployed('traefik', 'traefik:v3.0', 'traefik/whoami:latest');
      const { Config, NetworkSettings } = await stack.inspect('whoami');
      expect(Config.Labels).toMatchObject({
        'traefik.enable': 'true',
        'traefik.http.routers.whoami.rule': 'Host(`whoami.localhost`) && PathPrefix(`/a`)',
        'traefik.http.middlewares.auth.basicauth.users': 'test:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/',
      });
      expect(new Set(Object.keys(NetworkSettings.Networks))).toEqual(
        new Set([`${stack.name}-production_backend`, 'proxy']),
      );
      expect(await stack.in('traefik', 'wget -q -O - http://simple-service/version')).toBe('1\n');
      expect(await stack.in('whoami', 'wget -q -O - http://who.internal/version')).toBe('1\n');
      expect(await stack.get(18_189, '/version')).toBe('1\n');
    } finally {
      await remove();
      await network.remove();
    }
  });
});
