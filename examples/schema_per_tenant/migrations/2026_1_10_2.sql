-- A second revision of the tenth file: what the index is for.

-- ===== TENANT MIGRATIONS =====
comment on index {schema_name}.idx_invoice_unpaid is 'Unpaid invoices, newest first.';
-- migrate:down
comment on index {schema_name}.idx_invoice_unpaid is null;
