-- ===== TENANT MIGRATIONS =====
create table {schema_name}.customer_note (
    id          bigint generated always as identity primary key,
    customer_id bigint not null,
    body        text not null,
    created_at  timestamptz not null default now(),
    constraint fk_customer_note_customer foreign key (customer_id) references {schema_name}.customer (id)
);
create index idx_customer_note_customer_id on {schema_name}.customer_note (customer_id);
comment on table {schema_name}.customer_note is 'What a clerk wrote down.';
-- migrate:down
drop table if exists {schema_name}.customer_note;
