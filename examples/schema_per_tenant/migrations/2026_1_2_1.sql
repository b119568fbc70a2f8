-- Invoices, and who may see them.

-- ===== PLATFORM MIGRATIONS =====
insert into platform.role_permission (role, permission)
values ('CLERK', 'INVOICE.READ'), ('MANAGER', 'INVOICE.READ'), ('MANAGER', 'INVOICE.CREATE')
on conflict do nothing;
-- migrate:down
delete from platform.role_permission where permission in ('INVOICE.READ', 'INVOICE.CREATE');

-- ===== TENANT MIGRATIONS =====
create table {schema_name}.invoice (
    id          bigint generated always as identity primary key,
    customer_id bigint not null,
    amount      numeric(18, 4) not null check (amount >= 0),
    paid        boolean not null default false,
    created_at  timestamptz not null default now(),
    constraint fk_invoice_customer foreign key (customer_id) references {schema_name}.customer (id)
);
create index idx_invoice_customer_id on {schema_name}.invoice (customer_id);
-- migrate:down
drop table if exists {schema_name}.invoice;
