// A program: rows are read, changed here, and written back.
exports.up = async (knex) => {
  for (const { id, name } of await knex('patients').select('id', 'name'))
    await knex('patients').where({ id }).update({ name: name.trim() });
  await knex.raw("alter table patients add constraint patients_name_trimmed check (name = btrim(name))");
};

exports.down = (knex) => knex.raw('alter table patients drop constraint patients_name_trimmed');
