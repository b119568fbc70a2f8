insert into security.permission (code) values ('INVOICE.APPROVE'), ('INVOICE.READ') on conflict (code) do nothing;
