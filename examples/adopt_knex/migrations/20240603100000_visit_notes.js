const { readFileSync } = require('fs');
const { join } = require('path');
const read = (name) => readFileSync(join(__dirname, name), 'utf8');

exports.up = (knex) => knex.raw(read('20240603100000_visit_notes.sql'));
exports.down = (knex) => knex.raw(read('20240603100000_visit_notes.down.sql'));
