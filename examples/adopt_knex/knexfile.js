// Where to and as whom comes from the environment: tenantsh gives each tenant's own.
module.exports = {
  client: 'pg',
  connection: {
    host: process.env.PGHOST,
    port: process.env.PGPORT,
    database: process.env.PGDATABASE,
    user: process.env.PGUSER,
  },
  migrations: { directory: './migrations' },
};
