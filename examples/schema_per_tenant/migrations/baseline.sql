-- What a new tenant gets at once. Two things that the migrations have are missing here, as happens when somebody
-- forgets this file: `tenantsh migrate baseline check --set migrations` names them.
create table {schema_name}.customer (
    id         bigint generated always as identity primary key,
    name       text not null,
    email      text,
    created_at timestamptz not null default now()
);
create unique index idx_customer_email on {schema_name}.customer (lower(email)) where email is not null;
create table {schema_name}.invoice (
    id          bigint generated always as identity primary key,
    customer_id bigint not null,
    amount      numeric(18, 4) not null check (amount >= 0),
    paid        boolean not null default false,
    created_at  timestamptz not null default now(),
    constraint fk_invoice_customer foreign key (customer_id) references {schema_name}.customer (id)
);
create index idx_invoice_customer_id on {schema_name}.invoice (customer_id);
create index idx_invoice_unpaid on {schema_name}.invoice (created_at desc) where not paid;
