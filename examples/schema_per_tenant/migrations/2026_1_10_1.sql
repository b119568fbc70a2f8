-- The newest unpaid invoices are what clerks look at.

-- ===== TENANT MIGRATIONS =====
-- tenantsh: no-transaction
create index concurrently idx_invoice_unpaid on {schema_name}.invoice (created_at desc) where not paid;
-- migrate:down transaction:false
drop index concurrently if exists {schema_name}.idx_invoice_unpaid;
