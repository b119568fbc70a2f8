alter domain claims.npi add constraint ck_npi check (value <> '');
