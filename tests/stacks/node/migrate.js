const { connect } = require('node:net');

const { hostname, port } = new URL(process.env.DATABASE_URL);
connect(Number(port), hostname, () => process.exit(0)).on('error', () => process.exit(1));
