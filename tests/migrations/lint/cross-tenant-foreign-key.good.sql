-- case: schema
create table {schema_name}.note (id bigint primary key, claim_id bigint references {schema_name}.claim (id));
create index idx_note_claim_id on {schema_name}.note (claim_id);
