import { describeStacks } from '../support/compose-stacks';
import { itInFull } from '../support/exhaustive';

describeStacks('Compose files of the shapes that people have', 'compose-stacks', (deployed) => {
  it('Nextcloud with Redis, MariaDB, NGINX and a cron container', async () => {
    const stack = await deployed('nextcloud', 'mariadb:10.11', 'nextcloud:fpm-alpine');
    expect(await stack.variables('db')).toMatchObject({
      MYSQL_ROOT_PASSWORD: 'root-pass-8123',
      MYSQL_PASSWORD: 'p#ss $word',
      MYSQL_DATABASE: 'nextcloud',
      MYSQL_USER: 'nextcloud',
    });
    expect(await stack.get(18_181, '/version')).toBe('1\n');
    expect(await stack.get(18_181, '/host', { Host: 'a.example' })).toBe('a.example');
    expect((await stack.inspect('cron')).Path).toBe('/cron.sh');
    await stack.in('app', 'echo shared > /var/www/html/mark');
    expect(await stack.in('cron', 'cat /var/www/html/mark')).toBe('shared\n');
    expect(await stack.in('cron', 'cat /usr/local/etc/php/conf.d/custom.ini')).toBe('upload_max_filesize=1G\n');
    expect(await stack.in('web', 'touch /var/www/html/x 2> /dev/null || echo read-only')).toBe('read-only\n');
  });

  itInFull('n8n with PostgreSQL and an init script', async () => {
    const stack = await deployed('n8n', 'docker.n8n.io/n8nio/n8n:latest');
    expect(await stack.get(18_182, '/healthz')).toBe('ok\n');
    expect(await stack.variables('n8n')).toMatchObject({
      DB_POSTGRESDB_PORT: '5432',
      DB_POSTGRESDB_USER: 'worker',
      DB_POSTGRESDB_PASSWORD: 'worker-pass-8125',
    });
    const query = "select rolname from pg_roles where rolname = 'worker'";
    expect(await stack.in('postgres', `psql -U root-user -d n8n -Atc "${query}"`)).toBe('worker\n');
    const { code, stdout } = await stack.run('deploy');
    expect(code).toBe(0);
    expect(stdout).toContain('Nothing changed');
  });

  it('a Node app with a build, a migration and PostgreSQL', async () => {
    const stack = await deployed('node');
    expect(await stack.get(18_188, '/db')).toBe('reached');
    expect(JSON.parse(await stack.get(18_188, '/files'))).toEqual({ env: false, marker: true });
    expect(JSON.parse(await stack.get(18_188, '/env'))).toMatchObject({
      PORT: '3000',
      NODE_ENV: 'production',
      COMMIT: 'abc123',
      DATABASE_URL: 'postgres://app:db-pass-8128@db:5432/app',
    });
    const { HostConfig } = await stack.inspect('app');
    expect(HostConfig).toMatchObject({ Init: true, NanoCpus: 500_000_000, Memory: 256 * 1024 * 1024 });
    expect((await stack.inspect('db')).HostConfig.ShmSize).toBe(128 * 1024 * 1024);
    await stack.in('app', 'echo kept > uploads/mark; echo kept > node_modules/mark');
    expect(await stack.run('restart', 'app')).toMatchObject({ code: 0 });
    expect(await stack.in('app', 'cat uploads/mark node_modules/mark')).toBe('kept\nkept\n');
  });
});
