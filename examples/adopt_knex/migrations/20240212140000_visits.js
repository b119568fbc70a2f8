const { readFileSync } = require('fs');
const { join } = require('path');
const read = (name) => readFileSync(join(__dirname, name), 'utf8');

exports.up = (knex) => knex.raw(read('20240212140000_visits.sql'));
exports.down = (knex) => knex.raw(read('20240212140000_visits.down.sql'));
