const { readFileSync } = require('fs');
const { join } = require('path');
const read = (name) => readFileSync(join(__dirname, name), 'utf8');

exports.up = (knex) => knex.raw(read('20240701110000_visits_by_day.sql'));
exports.down = (knex) => knex.raw(read('20240701110000_visits_by_day.down.sql'));
