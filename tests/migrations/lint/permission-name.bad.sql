insert into security.permission (code) values ('INVOICE.APPROVE'), ('approve_invoice') on conflict (code) do nothing;
