// Writes the processor time of this process, in µs, to file descriptor 3 when it ends.
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  require('node:fs').writeSync(3, String(user + system));
});
