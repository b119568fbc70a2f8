exports.up = (knex) =>
  knex.schema.createTable('patients', (table) => {
    table.bigIncrements('id');
    table.text('name').notNullable();
    table.date('born_on').notNullable();
  });

exports.down = (knex) => knex.schema.dropTable('patients');
