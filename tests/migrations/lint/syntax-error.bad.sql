create tabel claims.note (id bigint primary key);
